import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { isCountLine } from './test-count.ts'

/** The gate, in order: scripts of package.json. */
const parts = [
  'check:format',
  'lint',
  'check:types',
  'check:rooms',
  'check:ambient',
  'check:dead-code',
  'check:reference',
  'check:catalogue',
  'check:dashboards',
  'test',
]

interface Outcome {
  readonly part: string
  readonly seconds: number
  readonly passed: boolean
  /** The count of tests, where the part prints one. */
  readonly count: string | null
}

/** Runs one part and passes on what it prints, but for the count of tests, which has to stand last. */
async function run(part: string): Promise<Outcome> {
  console.log(`\n── ${part}`)
  const startedAt = performance.now()
  const child = spawn(process.execPath, ['--run', part], {
    cwd: resolve(import.meta.dirname, '..'),
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: '1' } : process.env,
  })
  const closed = once(child, 'close')
  let count: string | null = null
  for await (const line of createInterface(child.stdout)) {
    if (isCountLine(line)) count = line
    else console.log(line)
  }
  const [status] = (await closed) as [number | null]
  return { part, seconds: (performance.now() - startedAt) / 1000, passed: status === 0, count }
}

const outcomes: Outcome[] = []
for (const part of parts) outcomes.push(await run(part))

console.log('')
for (const { part, seconds, passed } of outcomes) {
  console.log(`${passed ? 'ok    ' : 'FAILED'}  ${seconds.toFixed(1).padStart(6)} s  ${part}`)
}
console.log(outcomes.at(-1)?.count ?? '0 passed, 1 failed')
process.exitCode = outcomes.every(({ passed }) => passed) ? 0 : 1
