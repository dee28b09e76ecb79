import { fieldOf } from '../../src/telemetry/field.ts'
import type { Declared, Field } from '../../src/telemetry/field.ts'
import { metrics } from '../../src/telemetry/metric-catalogue.ts'
import type { Metric } from '../../src/telemetry/metric-catalogue.ts'
import { passages, passagesOf, reaches, sinks } from '../../src/telemetry/privacy-contract.ts'
import { signals } from '../../src/telemetry/signals.ts'
import type { Signal } from '../../src/telemetry/signals.ts'
import { code, page, table } from './markdown.ts'

/** `docs/reference/signals.md`: every fact the product states about itself, and where each part of it may go. */
export function signalsPage(): string {
  const kinds = Object.entries(passages).map(([kind, passage]) => [
    code(kind),
    ...sinks.map((sink) => passage[sink]),
  ])
  return page(
    'Signals',
    'src/telemetry/signals.ts and src/telemetry/privacy-contract.ts',
    'A signal is a fact the product states about itself; there is no other way into metrics, traces, analytics or the ' +
      'audit log. Each field has a kind, and the kind decides where its value may go. There is no kind for a secret. ' +
      '`sallyport privacy` prints the same for a configuration.',
    table(['Kind', ...sinks], kinds),
    '"By attribution" is what `telemetry.attribution.mode` says: nothing, a hash, or on one span the id. On that ' +
      'span it is a hash of the MCP session too (`mcp.session.id`), in modes `hash` and `id` with a key. "On request" ' +
      'needs the option of `telemetry.traces` that asks for it. "Configured names" are the names that the operator ' +
      'wrote into the configuration; any other name leaves as `other`. A field with `?` may be absent.',
    'Identity `never` means that nobody can be named on a signal, in any mode.',
    ...Object.entries<Signal>(signals).map(([name, signal]) => signalSection(name, signal)),
  )
}

function signalSection(name: string, signal: Signal): string {
  const rows = Object.entries(signal.fields).map(([field, declared]) => [
    code('maybe' in declared ? `${field}?` : field),
    fieldOf(declared).kind,
    values(fieldOf(declared)),
    ...sinks.map((sink) => (reaches(signal, sink) ? passagesOf(declared)[sink] : 'no')),
  ])
  const event = signal.analytics === true ? ' It is an analytics event too.' : ''
  return [
    `## ${name}`,
    `${signal.sentence} Identity: ${code(signal.identity)}.${event}`,
    table(['Field', 'Kind', 'Values', ...sinks], rows),
  ].join('\n\n')
}

/** `docs/reference/metrics.md`: every metric of `/metrics`, with all values its labels can have. */
export function metricsPage(): string {
  return page(
    'Metrics',
    'src/telemetry/metric-catalogue.ts',
    'Prometheus text exposition format 0.0.4 at `/metrics`. No label ever names a person. Combinations listed as ' +
      '"from the first scrape" are there at 0 before anything has happened.',
    'Gauges counted in the store are equal on all replicas: take `max by`, never `sum`.',
    ...Object.entries<Metric>(metrics).map(([name, metric]) => metricSection(name, metric)),
  )
}

function metricSection(name: string, { type, help, labels, buckets, reachable }: Metric): string {
  const blocks = [`## ${name}`, `${type}. ${help}`]
  const labelNames = Object.keys(labels)
  if (labelNames.length > 0) {
    const rows = Object.entries(labels).map(([label, declared]) => [code(label), labelValues(declared)])
    blocks.push(table(['Label', 'Values'], rows))
  }
  if (buckets !== undefined) blocks.push(`Buckets, in seconds: ${buckets.join(', ')}.`)
  if (reachable !== undefined && labelNames.length > 1) {
    blocks.push(`From the first scrape (${labelNames.join(', ')}):`)
    blocks.push(reachable.map((combination) => `- ${combination.map(code).join(', ')}`).join('\n'))
  } else if (reachable !== undefined) blocks.push('All values from the first scrape.')
  return blocks.join('\n\n')
}

function labelValues(declared: Declared): string {
  const text = values(fieldOf(declared))
  return 'maybe' in declared ? `${text}; may be absent` : text
}

function values(field: Field): string {
  switch (field.kind) {
    case 'oneOf':
      return field.values.map(code).join(', ')
    case 'flag':
      return `${code('true')}, ${code('false')}`
    case 'registered':
      return `a registered ${field.set}, else ${code('other')}`
    case 'duration':
      return `seconds; buckets ${bucketNames(field.buckets)}`
    case 'size':
      return `bytes; buckets ${bucketNames(field.buckets)}`
    case 'count':
      return `a number; buckets ${bucketNames(field.buckets)}`
    case 'identity':
      return 'the principal'
    case 'detail':
    case 'local':
      return `text of at most ${field.longest} characters`
  }
}

function bucketNames(buckets: readonly (readonly [number, string])[]): string {
  return buckets.map(([, name]) => code(name)).join(', ')
}
