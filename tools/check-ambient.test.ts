import { execFile } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ambientFindings } from './check-ambient.ts'

const root = resolve(import.meta.dirname, '..')
const scratch = mkdtempSync(join(tmpdir(), 'sallyport-ambient-'))
copyFileSync(join(root, '.oxlintrc.json'), join(scratch, '.oxlintrc.json'))

afterAll(() => rmSync(scratch, { recursive: true }))

/** Lints one text as if it stood at each of the paths, with the rules of this checkout. */
async function complaints(text: string, ...paths: string[]): Promise<string> {
  for (const path of paths) {
    mkdirSync(dirname(join(scratch, path)), { recursive: true })
    writeFileSync(join(scratch, path), `${text}\n`)
  }
  const oxlint = join(root, 'node_modules/oxlint/bin/oxlint')
  return new Promise((answer) => {
    execFile(process.execPath, [oxlint, '--format=unix', ...paths], { cwd: scratch }, (_, output) =>
      answer(output),
    )
  })
}

const textual = (path: string, text: string) => ambientFindings({ path, text })

const ambient = [
  'export const now = Date.now()',
  'export const { now } = Date',
  'export const chance = Math.random()',
  'export const at = performance.now()',
  "import { performance } from 'node:perf_hooks'\nexport const at = performance.now()",
  "export const home = process.env['HOME']",
  "import { env } from 'node:process'\nexport const home = env['HOME']",
  'process.exit(1)',
  "process.on('exit', () => {})",
  "export const answer = await fetch('http://localhost')",
  "export const answer = await globalThis.fetch('http://localhost')",
  "import { fetch } from 'undici'\nexport const answer = await fetch('http://localhost')",
  "import { randomUUID } from 'node:crypto'\nexport const id = randomUUID()",
  'export const id = crypto.randomUUID()',
]

describe('the ban on the ambient world', () => {
  it.each(ambient)('refuses %s in a room, and lets lib, the entry point and tests', async (text) => {
    const free = ['src/lib/a.ts', 'src/cli/main.ts', 'src/gateway/a.test.ts', 'tools/a.ts']
    const output = await complaints(text, 'src/gateway/a.ts', ...free)
    const refused = output.split('\n').filter((line) => line.includes('no-restricted-'))
    expect(refused).not.toEqual([])
    for (const line of refused) expect(line).toContain('src/gateway/a.ts:')
  })

  it('knows a parameter from the global of the same name', async () => {
    const text = 'export const ask = (fetch: (url: string) => void, process: string) => fetch(process)'
    expect(await complaints(text, 'src/gateway/a.ts')).toBe('')
  })

  it('lets timers, and dates made from a number', async () => {
    const text = 'export const at = new Date(5)\nsetTimeout(() => at, 1)'
    expect(await complaints(text, 'src/gateway/a.ts')).toBe('')
    expect(textual('src/gateway/a.ts', text)).toEqual([])
  })

  it('refuses new Date() in a room, not in a comment, in lib or in a test', () => {
    const text = '/** Not `new Date()`. */\n// new Date()\nexport const now = new Date()\n'
    expect(textual('src/gateway/a.ts', text)).toEqual([
      expect.objectContaining({ line: 3, message: expect.stringContaining('ambient clock') }),
    ])
    for (const path of ['src/lib/a.ts', 'src/cli/main.ts', 'src/a.test.ts'])
      expect(textual(path, text)).toEqual([])
  })

  it.each(['src/gateway/a.ts', 'src/lib/a.ts', 'test/a.test.ts'])(
    'refuses enterWith in %s (T1)',
    async (path) => {
      const text = 'export const enter = (storage: { enterWith(n: number): void }) => storage.enterWith(1)'
      expect(await complaints(text, path)).toContain('no-restricted-properties')
    },
  )

  it('refuses console in a room', async () => {
    expect(await complaints("console.log('hello')", 'src/lib/a.ts')).toContain('no-console')
  })
})

describe('the ban on suppressing a rule', () => {
  // Put together here, so that this file does not hold what it refuses.
  it.each(['oxlint-disable-next-line no-console', 'eslint-disable', '@ts-ignore', '@ts-nocheck'])(
    'refuses %s everywhere',
    (directive) => {
      for (const path of ['src/lib/a.ts', 'test/a.test.ts', 'bench/a.ts']) {
        for (const comment of [`// ${directive}`, `/* ${directive} */`]) {
          expect(textual(path, `export const a = 1\n${comment}\n`)).toEqual([
            expect.objectContaining({ line: 2 }),
          ])
        }
      }
    },
  )

  it('lets a test expect a compile error, and nothing else', () => {
    const text = ['// @ts', '-expect-error: a string is no number\n'].join('')
    expect(textual('src/gateway/a.test.ts', text)).toEqual([])
    expect(textual('src/gateway/a.ts', text)).toHaveLength(1)
  })

  it('refuses any', async () => {
    expect(await complaints('export const a = (b: string) => b as any', 'src/lib/a.ts')).toContain(
      'no-explicit-any',
    )
  })
})
