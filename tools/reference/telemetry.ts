import type { Field } from '../../src/telemetry/field.ts'
import { metrics, signals } from '../../src/telemetry/signals.ts'
import type { Metric, Signal } from '../../src/telemetry/signals.ts'
import { code, page, table } from './markdown.ts'

const source = 'src/telemetry/signals.ts'

/** `docs/reference/signals.md`: every fact the product states about itself. */
export function signalsPage(): string {
  const rows = Object.entries<Signal>(signals).map(([name, signal]) => {
    const fields = Object.entries(signal.fields).map(([field, kind]) => `${code(field)}: ${values(kind)}`)
    return [code(name), signal.sentence, signal.identity, fields.join('<br>')]
  })
  return page(
    'Signals',
    source,
    'A signal is a fact the product states about itself; there is no other way into metrics, traces, analytics or the ' +
      'audit log. Identity `never` means that nobody can be named on it, in any mode.',
    table(['Signal', 'What happened', 'Identity', 'Fields'], rows),
  )
}

/** `docs/reference/metrics.md`: every metric of `/metrics`, with all values its labels can have. */
export function metricsPage(): string {
  return page(
    'Metrics',
    source,
    'Prometheus text exposition format 0.0.4 at `/metrics`. No label ever names a person. Combinations listed as ' +
      '"from the first scrape" are there at 0 before anything has happened.',
    ...Object.entries<Metric>(metrics).map(([name, metric]) => metricSection(name, metric)),
  )
}

function metricSection(name: string, { type, help, labels, buckets, reachable }: Metric): string {
  const blocks = [`## ${name}`, `${type}. ${help}`]
  const labelNames = Object.keys(labels)
  if (labelNames.length > 0) {
    const rows = Object.entries(labels).map(([label, field]) => [code(label), values(field)])
    blocks.push(table(['Label', 'Values'], rows))
  }
  if (buckets !== undefined) blocks.push(`Buckets, in seconds: ${buckets.join(', ')}.`)
  if (reachable !== undefined && labelNames.length > 1) {
    blocks.push(`From the first scrape (${labelNames.join(', ')}):`)
    blocks.push(reachable.map((combination) => `- ${combination.map(code).join(', ')}`).join('\n'))
  } else if (reachable !== undefined) blocks.push('All values from the first scrape.')
  return blocks.join('\n\n')
}

function values(field: Field): string {
  switch (field.kind) {
    case 'oneOf':
      return field.values.map(code).join(', ')
    case 'registered':
      return `a registered ${field.set}, else ${code('other')}`
    case 'duration':
      return 'seconds'
  }
}
