import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fieldOf } from '../src/telemetry/field.ts'
import type { Declared } from '../src/telemetry/field.ts'
import { metrics } from '../src/telemetry/metric-catalogue.ts'
import type { Metric } from '../src/telemetry/metric-catalogue.ts'
import { signals } from '../src/telemetry/signals.ts'
import type { Signal } from '../src/telemetry/signals.ts'
import { report } from './source-files.ts'
import type { Finding } from './source-files.ts'

const path = 'src/telemetry/generated/signals-snapshot.json'

/** What others depend on: objects and lists may only grow, texts and numbers stay as they are. */
export type Snapshot = string | number | boolean | readonly string[] | { readonly [key: string]: Snapshot }

/** The catalogue as it is now. */
export function catalogueSnapshot(): Snapshot {
  return {
    signals: mapped<Signal>(signals, ({ identity, analytics, only, fields }) => ({
      identity,
      ...(analytics === undefined ? {} : { analytics }),
      ...(only === undefined ? {} : { only }),
      fields: mapped(fields, fieldSnapshot),
    })),
    metrics: mapped<Metric>(metrics, ({ type, labels, buckets, reachable }) => ({
      type,
      labels: mapped(labels, fieldSnapshot),
      ...(buckets === undefined ? {} : { buckets: buckets.join(' ') }),
      ...(reachable === undefined ? {} : { reachable: reachable.map((values) => values.join(' ')) }),
    })),
  }
}

function mapped<Value>(
  table: Readonly<Record<string, Value>>,
  take: (value: Value) => Snapshot,
): { readonly [key: string]: Snapshot } {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, take(value)]))
}

function fieldSnapshot(declared: Declared): Snapshot {
  const field = fieldOf(declared)
  const shape = { kind: field.kind, ...('maybe' in declared ? { mayBeAbsent: true } : {}) }
  switch (field.kind) {
    case 'oneOf':
      return { ...shape, values: field.values }
    case 'registered':
      return { ...shape, set: field.set }
    case 'duration':
    case 'size':
    case 'count':
      return { ...shape, buckets: field.buckets.map(([below, name]) => `${name} below ${below}`).join(', ') }
    case 'detail':
    case 'local':
      return { ...shape, longest: field.longest }
    case 'flag':
    case 'identity':
      return shape
  }
}

/** How one snapshot differs from the one before it. */
export interface Differences {
  /** What somebody may depend on and would miss. */
  readonly broken: readonly string[]
  readonly added: readonly string[]
}

/** Compares member by member: what is new is added, what is gone or has another value is broken. */
export function compareSnapshots(before: Snapshot, now: Snapshot, place = ''): Differences {
  if (Array.isArray(before) && Array.isArray(now)) {
    return {
      broken: missing(before, now).map((value) => `${place}: ${value} is gone`),
      added: missing(now, before).map((value) => `${place}: ${value} is new`),
    }
  }
  if (!isTable(before) || !isTable(now)) {
    const same = JSON.stringify(before) === JSON.stringify(now)
    return {
      broken: same ? [] : [`${place}: was ${JSON.stringify(before)}, is ${JSON.stringify(now)}`],
      added: [],
    }
  }
  const broken = missing(Object.keys(before), Object.keys(now)).map((key) => `${place}/${key} is gone`)
  const added = missing(Object.keys(now), Object.keys(before)).map((key) => `${place}/${key} is new`)
  for (const [key, value] of Object.entries(now)) {
    const known = before[key]
    if (known === undefined) continue
    const inside = compareSnapshots(known, value, `${place}/${key}`)
    broken.push(...inside.broken)
    added.push(...inside.added)
  }
  // A field that gains the right to be absent breaks whoever counts on it, though a member is new.
  const loosened = added.filter((text) => /(?:\/mayBeAbsent|\/only) is new$/.test(text))
  return { broken: [...broken, ...loosened], added: added.filter((text) => !loosened.includes(text)) }
}

function missing(wanted: readonly string[], found: readonly string[]): string[] {
  const known = new Set(found)
  return wanted.filter((value) => !known.has(value))
}

function isTable(value: Snapshot): value is { readonly [key: string]: Snapshot } {
  return typeof value === 'object' && !Array.isArray(value)
}

const keepIt =
  'names and values only grow: keep it and add a new one beside it. A mistake that was never released may go: ' +
  'delete it from the snapshot by hand and say so in CHANGELOG.md'

/** What the gate says of a committed snapshot; null stands for a missing one. */
export function catalogueFindings(committed: Snapshot | null, now: Snapshot): Finding[] {
  const { broken, added } = compareSnapshots(committed ?? {}, now)
  return [
    ...broken.map((what) => ({ path, line: 1, message: `${what}: ${keepIt}` })),
    ...added.map((what) => ({
      path,
      line: 1,
      message: `${what}: run \`node tools/check-catalogue.ts --write\``,
    })),
  ]
}

function readCommitted(file: string): Snapshot | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Snapshot
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}

if (import.meta.main) {
  const file = join(resolve(import.meta.dirname, '..'), path)
  const committed = readCommitted(file)
  const now = catalogueSnapshot()
  const writes = process.argv.includes('--write')
  const { broken } = compareSnapshots(committed ?? {}, now)
  if (writes && broken.length === 0) writeFileSync(file, `${JSON.stringify(now, null, 2)}\n`)
  else process.exitCode = report(catalogueFindings(committed, now))
}
