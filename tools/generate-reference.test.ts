import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { variableName } from '../src/config/names.ts'
import { options } from '../src/config/options.ts'
import type { Option } from '../src/config/option.ts'
import { refusals } from '../src/gateway/refusal.ts'
import { metrics } from '../src/telemetry/metric-catalogue.ts'
import { signals } from '../src/telemetry/signals.ts'
import { referencePages, stalePages } from './generate-reference.ts'

const pages = await referencePages()
const root = mkdtempSync(join(tmpdir(), 'sallyport-reference-test-'))

afterAll(() => rmSync(root, { recursive: true }))

/** The cells of the table row that begins with the name. */
function row(page: string, name: string): string[] {
  const line = (pages[page] ?? '').split('\n').find((text) => text.startsWith(`| \`${name}\` |`))
  return (line ?? '').split(/(?<!\\)\|/).map((cell) => cell.trim())
}

describe('the reference', () => {
  it.each(Object.entries(options) as [string, Option<unknown>][])(
    'lists the option %s',
    (key, { secret }) => {
      const cells = row('configuration.md', key)
      expect(cells).toHaveLength(8)
      expect(cells[2]?.includes(`${variableName(key)}_FILE`)).toBe(secret === true)
    },
  )

  it('names every metric, signal and refusal', () => {
    for (const name of Object.keys(metrics)) expect(pages['metrics.md']).toContain(`\n## ${name}\n`)
    for (const name of Object.keys(signals)) expect(pages['signals.md']).toContain(`\n## ${name}\n`)
    for (const name of Object.keys(refusals)) expect(row('errors.md', name)).toHaveLength(7)
  })

  it('says which refusals are rejections', () => {
    expect(row('errors.md', 'unknown_key')[4]).toBe('yes')
    expect(row('errors.md', 'internal')[4]).toBe('')
  })

  it('shows routes and tables as they are', () => {
    expect(row('http.md', '/mcp/{upstream}')[2]).toContain('`POST`')
    expect(pages['database.md']).toContain('\n## api_keys\n')
  })

  it('is the same each time it is made', async () => {
    expect(await referencePages()).toEqual(pages)
  })

  it('is stale when a page differs or is missing', () => {
    mkdirSync(join(root, 'docs/reference'), { recursive: true })
    for (const name of ['same.md', 'old.md']) writeFileSync(join(root, 'docs/reference', name), 'text\n')
    const stale = stalePages(root, { 'same.md': 'text\n', 'old.md': 'new\n', 'missing.md': 'text\n' })
    expect(stale.map(({ path }) => path)).toEqual(['docs/reference/old.md', 'docs/reference/missing.md'])
  })
})
