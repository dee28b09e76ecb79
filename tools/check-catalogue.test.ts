import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { catalogueFindings, catalogueSnapshot, compareSnapshots } from './check-catalogue.ts'
import type { Snapshot } from './check-catalogue.ts'

const before: Snapshot = {
  signals: {
    called: { identity: 'never', fields: { outcome: { kind: 'oneOf', values: ['success', 'denied'] } } },
  },
  metrics: { calls_total: { type: 'counter', labels: {}, reachable: ['a b'] } },
}

/** The snapshot with one text replaced in its JSON. */
function changed(from: string, to: string): Snapshot {
  const text = JSON.stringify(before)
  expect(text).toContain(from)
  return JSON.parse(text.replace(from, to)) as Snapshot
}

describe('the snapshot of the catalogue', () => {
  it.each([
    ['a signal is gone', '"called"', '"answered"', '/signals/called is gone'],
    ['a field is gone', '"outcome"', '"result"', '/signals/called/fields/outcome is gone'],
    ['a value is gone', '"denied"', '"refused"', '/signals/called/fields/outcome/values: denied is gone'],
    ['a kind changes', '"oneOf"', '"local"', '/signals/called/fields/outcome/kind: was "oneOf", is "local"'],
    ['identity changes', '"never"', '"principal"', '/signals/called/identity: was "never", is "principal"'],
    ['a metric is gone', '"calls_total"', '"calls"', '/metrics/calls_total is gone'],
    ['a combination is gone', '"a b"', '"a c"', '/metrics/calls_total/reachable: a b is gone'],
    [
      'a field may be absent from now on',
      '"kind":"oneOf"',
      '"kind":"oneOf","mayBeAbsent":true',
      '/signals/called/fields/outcome/mayBeAbsent is new',
    ],
  ])('fails when %s', (_, from, to, message) => {
    const { broken } = compareSnapshots(before, changed(from, to))
    expect(broken).toEqual([message])
    expect(catalogueFindings(before, changed(from, to))[0]?.message).toContain('names and values only grow')
  })

  it.each([
    ['signal', '"signals":{', '"signals":{"listed":{"identity":"never","fields":{}},', '/signals/listed'],
    ['field', '"fields":{', '"fields":{"streamed":{"kind":"flag"},', '/signals/called/fields/streamed'],
    ['value', '"denied"', '"denied","timeout"', '/signals/called/fields/outcome/values: timeout'],
  ])('asks for --write when a %s is new', (_, from, to, message) => {
    const now = changed(from, to)
    expect(compareSnapshots(before, now)).toEqual({ broken: [], added: [`${message} is new`] })
    expect(catalogueFindings(before, now)[0]?.message).toContain('--write')
  })

  it('is what the catalogue says now', () => {
    const file = resolve(import.meta.dirname, '../src/telemetry/generated/signals-snapshot.json')
    expect(
      catalogueFindings(JSON.parse(readFileSync(file, 'utf8')) as Snapshot, catalogueSnapshot()),
    ).toEqual([])
  })

  it('is read from the whole catalogue', () => {
    const text = JSON.stringify(catalogueSnapshot())
    for (const name of ['operation_ended', 'sallyport_auth_rejected_total', 'unknown_key'])
      expect(text).toContain(name)
  })
})
