import { fieldOf } from './field.ts'
import type { LabelField, Maybe } from './field.ts'
import { metrics } from './metric-catalogue.ts'
import type { Metric, MetricLabels, MetricName } from './metric-catalogue.ts'
import type { NameRegistry } from './name-registry.ts'

/** One time series of a counter or gauge. */
export interface Cell {
  value: number
}

/** One time series of a histogram: per-bucket counts (not yet cumulative), sum in seconds, count. */
export interface HistogramCell {
  readonly buckets: Float64Array
  readonly bounds: readonly number[]
  sum: number
  count: number
}

type LabelValues = Readonly<Record<string, string | boolean | undefined>>

/** One time series, for reading. */
export interface Series {
  /** `{a="b"}` rendered once, when the series is made. */
  readonly labels: string
  readonly pairs: readonly (readonly [label: string, value: string])[]
  readonly cell: Cell | HistogramCell
}

/**
 * Our own metric cells with text exposition. A hot caller keeps the cell it got and adds to it: the label
 * text is made once per series, not once per request.
 */
export class Metrics {
  readonly #series = new Map<MetricName, Map<string, Series>>()
  readonly #names: NameRegistry
  readonly #updates: (() => void)[] = []

  constructor(names: NameRegistry) {
    this.#names = names
    for (const name of Object.keys(metrics) as MetricName[]) {
      this.#series.set(name, new Map())
      const metric: Metric = metrics[name]
      for (const values of metric.reachable ?? []) {
        const labels = Object.fromEntries(
          Object.keys(metric.labels).map((label, place) => [label, values[place] ?? '']),
        )
        this.#find(name, labels)
      }
    }
  }

  /** The cell of one series of a counter or gauge; made at zero when new. */
  cell<Name extends MetricName>(name: Name, labels: MetricLabels<Name>): Cell {
    const { cell } = this.#find(name, labels)
    if ('buckets' in cell) throw new TypeError(`${name} is a histogram`)
    return cell
  }

  /** The cell of one series of a histogram; made at zero when new. */
  histogram<Name extends MetricName>(name: Name, labels: MetricLabels<Name>): HistogramCell {
    const { cell } = this.#find(name, labels)
    if (!('buckets' in cell)) throw new TypeError(`${name} is not a histogram`)
    return cell
  }

  #find(name: MetricName, labels: LabelValues): Series {
    const metric: Metric = metrics[name]
    const pairs: [string, string][] = []
    for (const [label, declared] of Object.entries(metric.labels)) {
      const value = this.#accepted(declared, labels[label])
      if (value !== null) pairs.push([label, value])
    }
    const text = pairs.map(([label, value]) => `${label}="${escapeLabel(value)}"`).join(',')
    const known = this.#series.get(name)
    const found = known?.get(text)
    if (found !== undefined) return found
    const series: Series = { labels: text, pairs, cell: newCell(metric) }
    known?.set(text, series)
    return series
  }

  /** The types keep strangers out; this stops a cast around them from making a label of free text (T20, T30). */
  #accepted(declared: LabelField | Maybe<LabelField>, value: string | boolean | undefined): string | null {
    if (value === undefined) return 'maybe' in declared ? null : 'other'
    const field = fieldOf(declared)
    if (field.kind === 'flag') return value === true ? 'true' : 'false'
    if (typeof value !== 'string') return 'other'
    if (field.kind === 'oneOf') return field.values.includes(value) ? value : 'other'
    return field.kind === 'registered' && this.#names.has(field.set, value) ? value : 'other'
  }

  /** Calls back before each reading, for values that are a matter of the moment. */
  beforeRender(update: () => void): void {
    this.#updates.push(update)
  }

  /** Every metric with its series, as they are at this moment. */
  *read(): Generator<readonly [MetricName, Iterable<Series>]> {
    for (const update of this.#updates) update()
    for (const [name, known] of this.#series) yield [name, known.values()]
  }

  /** Prometheus text exposition format 0.0.4. */
  render(): string {
    const lines: string[] = []
    for (const [name, known] of this.read()) {
      const metric: Metric = metrics[name]
      lines.push(`# HELP ${name} ${metric.help}`, `# TYPE ${name} ${metric.type}`)
      for (const series of known) renderSeries(name, series, lines)
    }
    return `${lines.join('\n')}\n`
  }
}

/** Adds one observation, in seconds. */
export function observe(cell: HistogramCell, seconds: number): void {
  const { bounds } = cell
  let place = 0
  while (place < bounds.length && seconds > (bounds[place] ?? Infinity)) place += 1
  cell.buckets[place] = (cell.buckets[place] ?? 0) + 1
  cell.sum += seconds
  cell.count += 1
}

function newCell(metric: Metric): Cell | HistogramCell {
  if (metric.type !== 'histogram') return { value: 0 }
  const bounds = metric.buckets ?? []
  return { buckets: new Float64Array(bounds.length + 1), bounds, sum: 0, count: 0 }
}

function renderSeries(name: string, { labels, cell }: Series, lines: string[]): void {
  if (!('buckets' in cell)) {
    lines.push(labels === '' ? `${name} ${cell.value}` : `${name}{${labels}} ${cell.value}`)
    return
  }
  const lead = labels === '' ? '' : `${labels},`
  let cumulative = 0
  for (const [place, bound] of cell.bounds.entries()) {
    cumulative += cell.buckets[place] ?? 0
    lines.push(`${name}_bucket{${lead}le="${bound}"} ${cumulative}`)
  }
  lines.push(`${name}_bucket{${lead}le="+Inf"} ${cell.count}`)
  lines.push(`${name}_sum{${labels}} ${cell.sum}`, `${name}_count{${labels}} ${cell.count}`)
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}
