import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../..')
const clauses = 22

interface Proof {
  readonly file: string
  /** Of a test, or of a group of tests. */
  readonly title: string
}

const rows = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number, , proven = ''] = line.split('|').map((cell) => cell.trim())
    if (!/^\d+$/.test(number ?? '')) return []
    const proofs = proven.split('<br>').map((text): Proof => {
      const [, file = '', title = ''] = /^`([^`]+)`: (.+)$/.exec(text) ?? []
      return { file, title }
    })
    return [{ clause: Number(number), proofs }]
  })

/** Whether a file declares a test or a group of that title. */
function declares(source: string, title: string): boolean {
  return [`'${title}'`, `"${title}"`, `\`${title}\``].some((quoted) => source.includes(quoted))
}

describe('the clause table', () => {
  it('has each clause once, in order', () => {
    expect(rows.map(({ clause }) => clause)).toEqual(Array.from({ length: clauses }, (_, place) => place + 1))
  })

  it.each(rows)('clause $clause: every test that is named is there', ({ proofs }) => {
    const missing = proofs.filter(({ file, title }) => {
      const path = join(root, file)
      return title === '' || !existsSync(path) || !declares(readFileSync(path, 'utf8'), title)
    })
    expect(missing).toEqual([])
  })

  it.each(rows)('clause $clause: a test names it', ({ clause, proofs }) => {
    const naming = proofs.filter(({ title }) =>
      (/^auth (\d+(?:, \d+)*)/.exec(title)?.[1] ?? '').split(', ').includes(String(clause)),
    )
    expect(naming.length).toBeGreaterThan(0)
  })

  it('knows a title that is not there', () => {
    expect(declares("it('auth 1: one', () => {})", 'auth 1: one')).toBe(true)
    expect(declares("it('auth 1: one', () => {})", 'auth 1: on')).toBe(false)
  })
})
