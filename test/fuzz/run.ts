import { parseArgs } from 'node:util'
import { startPostgres } from '../support/postgres.ts'
import { planCase } from './plan-case.ts'
import { runFuzz } from './fuzz.ts'
import type { FuzzResult, FuzzWindow } from './fuzz.ts'
import { fuzzSeed } from './seed.ts'

const { values } = parseArgs({
  options: {
    cases: { type: 'string' },
    seed: { type: 'string' },
    from: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string' },
    postgres: { type: 'boolean', default: false },
    connections: { type: 'string', default: '48' },
  },
})

const seed = values.seed === undefined ? fuzzSeed() : Number(values.seed)
const cases = Number(values.cases ?? process.env['SALLYPORT_FUZZ_CASES'] ?? 1_000_000)
const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(7)

function showWindow({ cases: done, perSecond, memory }: FuzzWindow): void {
  const { rss, heapUsed, external, sockets, timers } = memory
  const sizes = `rss ${mb(rss)} MB  heap ${mb(heapUsed)} MB  external ${mb(external)} MB`
  console.log(
    `${String(done).padStart(9)} cases ${perSecond.toFixed(0).padStart(6)}/s  ${sizes}  ${sockets} sockets  ${timers} timers`,
  )
}

function show({ cases: done, seconds, failures, statuses, reached, left, complaints }: FuzzResult): void {
  console.log(`${done} cases in ${seconds.toFixed(1)} s (${(done / seconds).toFixed(0)}/s), seed ${seed}`)
  console.log(
    `answers: ${Object.entries(statuses)
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')}`,
  )
  console.log(`${reached} requests reached an upstream; left at the end: ${JSON.stringify(left)}`)
  if (complaints.length > 0) console.log(`the gateway's own failures:\n${complaints.slice(-20).join('\n')}`)
  for (const { index, problems } of failures) {
    console.log(`\nFAILED: node test/fuzz/run.ts --seed ${seed} --only ${index}\n  ${problems.join('\n  ')}`)
    const { pieces, tail, ending, writes } = planCase(seed, index, { keys: {}, maxBodyBytes: 65_536 })
    console.log(`  ends by ${ending}, written in pieces of ${writes.join(', ')}; keys left out:`)
    for (const { name, bytes } of pieces) console.log(`  ${name}: ${bytes.subarray(0, 2000).toString('hex')}`)
    if (tail.length > 0) console.log(`  tail: ${tail.subarray(0, 2000).toString('hex')}`)
  }
}

console.log(`seed ${seed}`)
const replay =
  values.only === undefined
    ? { from: Number(values.from ?? 0), cases }
    : { from: Number(values.only), cases: 1 }
const seconds = values.seconds === undefined ? {} : { seconds: Number(values.seconds) }
const connections = Number(values.connections)
const cluster = values.postgres ? await startPostgres() : null
try {
  const location = cluster === null ? null : await cluster.createDatabase()
  const shared = { seed, ...replay, ...seconds, connections, location, windows: 20, onWindow: showWindow }
  const result = await runFuzz(shared)
  show(result)
  process.exitCode = result.failures.length === 0 ? 0 : 1
} finally {
  await cluster?.remove()
}
