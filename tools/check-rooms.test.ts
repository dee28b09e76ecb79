import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { checkRooms } from './check-rooms.ts'
import { sizeWarning } from './file-rules.ts'

const roots: string[] = []

afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true })
})

const readme = (room: string) => `# ${room}\nOwns ${room} things. And more.\nRefuses the rest.\n`

/** A checkout of the given files, with a README in each room that has files. */
function tree(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-rooms-'))
  roots.push(root)
  const rooms = new Set(Object.keys(files).flatMap((path) => /^src\/([^/]+)\//.exec(path)?.[1] ?? []))
  const pages = Object.fromEntries([...rooms].map((room) => [`src/${room}/README.md`, readme(room)]))
  for (const [path, text] of Object.entries({ ...pages, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

function findings(files: Record<string, string>): string[] {
  return checkRooms(tree(files)).map(({ path, line, message }) => `${path}:${line}: ${message}`)
}

const clock = 'export const clock = 1\n'

describe('floors', () => {
  it('lets a file import from its own room, at any depth, and from a lower floor', () => {
    const text =
      "import { clock } from '../lib/clock.ts'\nimport { a } from './deep/a.ts'\nexport const b = [a, clock]\n"
    expect(
      findings({ 'src/gateway/b.ts': text, 'src/gateway/deep/a.ts': clock, 'src/lib/clock.ts': clock }),
    ).toEqual([])
  })

  it('refuses a higher floor and names the line', () => {
    expect(findings({ 'src/lib/a.ts': "\nimport { b } from '../mcp/b.ts'\nexport const a = b\n" })).toEqual([
      'src/lib/a.ts:2: imports src/mcp/b.ts: lib (floor 0) may not import mcp (floor 1)',
    ])
  })

  it('refuses another room of the same floor', () => {
    const [finding] = findings({ 'src/mcp/a.ts': "import { b } from '../config/b.ts'\nexport const a = b\n" })
    expect(finding).toContain('mcp (floor 1) may not import config (floor 1)')
  })

  it.each([
    ['a type-only import', "import type { B } from '../mcp/b.ts'\nexport type A = B[]\n"],
    ['an import over many lines', "import {\n  b,\n  c,\n} from '../mcp/b.ts'\nexport const a = b + c\n"],
    ['an import for its effect', "import '../mcp/b.ts'\nexport const a = 1\n"],
    ['a re-export', "export { b } from '../mcp/b.ts'\nexport const a = 1\n"],
    ['a dynamic import', "export const a = await import('../mcp/b.ts')\n"],
    ['an import in a type', "export type A = import('../mcp/b.ts').B\n"],
  ])('counts %s', (_, text) => {
    expect(findings({ 'src/lib/a.ts': text })).toHaveLength(1)
  })

  it('lets a test beside its unit import from any floor', () => {
    expect(findings({ 'src/lib/a.test.ts': "import { b } from '../mcp/b.ts'\nb()\n" })).toEqual([])
  })

  it('keeps the product inside src, but for package.json', () => {
    const from = (path: string) => ({ 'src/lib/a.ts': `import b from '${path}'\nexport const a = b\n` })
    expect(findings(from('../../package.json'))).toEqual([])
    expect(findings(from('../../test/b.ts'))).toHaveLength(1)
  })
})

describe('doors', () => {
  const text = "import { a } from '../../src/lib/deep/a.ts'\na()\n"

  it.each(['src/mcp/b.ts', 'src/mcp/b.test.ts'])('keeps a sub-folder private from %s', (path) => {
    const [finding] = findings({ [path]: "import { a } from '../lib/deep/a.ts'\na()\n" })
    expect(finding).toBe(`${path}:1: imports src/lib/deep/a.ts, which is private to lib`)
  })

  it.each(['test/flows/a.test.ts', 'tools/lint/a.ts', 'bench/load/a.ts'])(
    'keeps it private from %s',
    (path) => {
      expect(findings({ [path]: text })).toHaveLength(1)
    },
  )

  it('opens storage to server and to tests only', () => {
    const use = (from: string) => ({ [from]: "import { a } from '../storage/a.ts'\na()\n" })
    expect(findings(use('src/server/b.ts'))).toEqual([])
    expect(findings(use('src/cli/b.test.ts'))).toEqual([])
    expect(findings(use('src/cli/b.ts'))).toEqual([
      'src/cli/b.ts:1: imports src/storage/a.ts, but only server may import storage',
    ])
  })
})

describe('files', () => {
  it.each([
    ['src/attic/a.ts', 'attic is no room'],
    ['src/main.ts', 'src holds rooms only'],
    ['src/lib/utils.ts', 'utils.ts is a drawer'],
    ['src/lib/types.ts', 'types.ts is a drawer'],
    ['src/lib/helpers/a.ts', 'helpers is a drawer'],
    ['src/lib/index.ts', 'index.ts is a drawer'],
    ['src/lib/apiKey.ts', 'apiKey.ts is not in kebab case'],
    ['src/lib/Deep/a.ts', 'Deep is not in kebab case'],
  ])('refuses %s', (path, message) => {
    expect(findings({ [path]: clock }).join('\n')).toContain(message)
  })

  it.each(["export * from './a.ts'\n", "// doors\nimport { a } from './a.ts'\nexport { a }\n"])(
    'refuses a barrel',
    (text) => {
      expect(findings({ 'src/lib/doors.ts': text })).toEqual([
        'src/lib/doors.ts:1: only re-exports: import from where things are',
      ])
    },
  )

  it('refuses 401 lines, except of migrations', () => {
    const long = 'export const a = 1\n'.repeat(401)
    expect(findings({ 'src/lib/a.ts': long })).toEqual(['src/lib/a.ts:1: has 401 lines; 400 is the most'])
    expect(findings({ 'src/lib/a.ts': long.slice(19), 'src/storage/migrations/a.ts': long })).toEqual([])
  })

  it('warns when the typical file grows', () => {
    const ofLines = (count: number) => [{ path: 'src/lib/a.ts', text: 'x\n'.repeat(count) }]
    expect(sizeWarning(ofLines(79))).toBeNull()
    expect(sizeWarning(ofLines(80))).toContain('median 80')
  })

  it('wants a README that says what the room owns and refuses, in 30 lines', () => {
    expect(findings({ 'src/lib/README.md': `${readme('lib')}${'more\n'.repeat(27)}` })).toEqual([])
    expect(findings({ 'src/lib/README.md': `${readme('lib')}${'more\n'.repeat(28)}` })).toHaveLength(1)
    expect(findings({ 'src/lib/README.md': '# mcp\n' })).toHaveLength(3)
    const root = tree({ 'src/lib/a.ts': clock })
    rmSync(join(root, 'src/lib/README.md'))
    expect(checkRooms(root).map(({ message }) => message)).toEqual([expect.stringContaining('is missing')])
  })
})

describe('the map in ARCHITECTURE.md', () => {
  const page = '# House\n<!-- rooms -->\nstale\n<!-- /rooms -->\nThe end.\n'

  it('is refused when stale, and written on request', () => {
    const root = tree({ 'src/lib/a.ts': clock, 'src/cli/b.ts': clock, 'ARCHITECTURE.md': page })
    expect(checkRooms(root)).toEqual([expect.objectContaining({ path: 'ARCHITECTURE.md' })])
    expect(checkRooms(root, true)).toEqual([])
    expect(checkRooms(root)).toEqual([])
    expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')).toBe(
      '# House\n<!-- rooms -->\n| floor | room | owns |\n|---|---|---|\n| 8 | [cli](src/cli/) | cli things |\n' +
        '| 0 | [lib](src/lib/) | lib things |\n<!-- /rooms -->\nThe end.\n',
    )
  })

  it('needs its marks', () => {
    const root = tree({ 'src/lib/a.ts': clock, 'ARCHITECTURE.md': '# House\n' })
    expect(checkRooms(root, true)).toHaveLength(1)
  })
})
