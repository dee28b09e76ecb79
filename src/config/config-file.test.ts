import { describe, expect, it } from 'vitest'
import { readConfigFile } from './config-file.ts'

const values = (source: string) =>
  Object.fromEntries([...readConfigFile(source).entries].map(([key, { raw }]) => [key, raw]))
const complaints = (source: string) =>
  readConfigFile(source).problems.map(({ line, message }) => `${line}: ${message}`)

describe('YAML 1.2', () => {
  it('`off`, `no` and `yes` are words', () => {
    expect(values('a: off\nb: no\nc: yes\nd: true\ne: 012\nf: 1e3\ng: "1"')).toEqual({
      a: 'off',
      b: 'no',
      c: 'yes',
      d: true,
      e: 12,
      f: 1000,
      g: '1',
    })
  })

  it('nests keys with dots and remembers the line of each leaf', () => {
    const { entries } = readConfigFile('listen:\n  host: x\n\n  port: 1\nlist: [a, b]\nempty:\n')
    expect([...entries]).toEqual([
      ['listen.host', { raw: 'x', line: 2 }],
      ['listen.port', { raw: 1, line: 4 }],
      ['list', { raw: ['a', 'b'], line: 5, itemLines: [5, 5] }],
    ])
  })

  it('reads upstreams as records of their own', () => {
    const { upstreams, entries } = readConfigFile(
      'upstreams:\n  - name: a\n    tls: { ca: x }\n  - name: b\n',
    )
    expect(upstreams?.map((leaves) => [...leaves.keys()])).toEqual([['name', 'tls.ca'], ['name']])
    expect(entries.size).toBe(0)
    expect(readConfigFile('a: 1').upstreams).toBeNull()
  })

  it('an empty file sets nothing', () => {
    for (const source of ['', '\n', '# only a comment\n', '---\n', 'null']) {
      expect([source, values(source), complaints(source)]).toEqual([source, {}, []])
    }
  })
})

describe('what is wrong is said with its line', () => {
  it.each([
    ['a key twice', 'a: 1\nb: 2\na: 3\n', /^3: .*unique/],
    ['a bad indent', 'a:\n  b: 1\n c: 2\n', /^3: /],
    ['a tab', 'a:\n\tb: 1\n', /^2: /],
    ['an unclosed list', 'a: [1,\n', /^\d: /],
    ['a list instead of a map', '- a\n- b\n', /^1: the file: must be a map/],
    ['a scalar instead of a map', 'sallyport\n', /^1: the file: must be a map/],
    ['upstreams that are no list', 'a: 1\nupstreams: { a: 1 }\n', /^2: upstreams: must be a list/],
    ['an upstream that is no map', 'upstreams:\n  - code\n', /^2: the file: must be a map/],
  ])('%s', (_, source, says) => {
    const found = complaints(source)
    expect(found.join('\n')).toMatch(new RegExp(says.source, 'm'))
  })

  it('aliases that multiply are bounded', () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(10)}]`,
    )
    const { problems } = readConfigFile(`l0: &l0 [x]\n${levels.join('\n')}\n`)
    expect(problems[0]).toMatchObject({
      line: expect.any(Number),
      message: expect.stringContaining('aliases'),
    })
  })
})
