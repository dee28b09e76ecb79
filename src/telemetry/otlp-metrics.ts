import { metrics as catalogue } from './metric-catalogue.ts'
import type { Metric, MetricName } from './metric-catalogue.ts'
import type { Cell, HistogramCell, Metrics } from './metrics.ts'
import { writeAttributes } from './otlp-protobuf.ts'
import { ProtobufWriter } from './protobuf-writer.ts'
import { nanoseconds } from './span.ts'
import type { SpanSource } from './span.ts'

/** From when to when the numbers were gathered, in epoch milliseconds. */
export interface Gathered {
  readonly since: number
  readonly until: number
}

const cumulative = 2

/**
 * The name and unit a collector knows a metric by: those from which its Prometheus exporter makes our own name again,
 * so that one dashboard serves both ways.
 */
export function otlpName(name: string): { readonly name: string; readonly unit: string } {
  const plain = name.replace(/_total$/, '')
  const unit = plain.endsWith('_seconds') ? 's' : plain.endsWith('_bytes') ? 'By' : '1'
  return { name: plain.replace(/_(?:seconds|bytes)$/, '').replaceAll('_', '.'), unit }
}

/** Attributes of the conventions have dots; all others are called as their labels. */
const conventional: ReadonlyMap<string, string> = new Map([
  ['mcp_method_name', 'mcp.method.name'],
  ['error_type', 'error.type'],
])

function attributesOf(pairs: readonly (readonly [string, string])[]) {
  return pairs.map(([label, value]) => [conventional.get(label) ?? label, value] as const)
}

/** `ExportMetricsServiceRequest` in protobuf (opentelemetry/proto/collector/metrics/v1, all of it stable). */
export function encodeMetricsProtobuf(
  metrics: Metrics,
  { resource, scope }: SpanSource,
  time: Gathered,
): Buffer {
  const writer = new ProtobufWriter()
  const times = [nanoseconds(time.since), nanoseconds(time.until)] as const
  // Field numbers are those of the .proto files.
  writer.nested(1, () => {
    writer.nested(1, () => writeAttributes(writer, 1, resource))
    writer.nested(2, () => {
      writer.nested(1, () => {
        writer.text(1, scope.name)
        writer.text(2, scope.version)
      })
      for (const [key, all] of metrics.read()) {
        const series = [...all]
        if (series.length > 0) writer.nested(2, () => writeMetric(writer, key, series, times))
      }
    })
  })
  return writer.whole()
}

const dataFields = { gauge: 5, counter: 7, histogram: 9 } as const
type Read = { readonly pairs: readonly (readonly [string, string])[]; readonly cell: Cell | HistogramCell }
type Times = readonly [since: bigint, until: bigint]

function writeMetric(writer: ProtobufWriter, key: MetricName, series: readonly Read[], times: Times): void {
  const metric: Metric = catalogue[key]
  const { name, unit } = otlpName(key)
  writer.text(1, name)
  writer.text(2, metric.help)
  writer.text(3, unit)
  writer.nested(dataFields[metric.type], () => {
    for (const { pairs, cell } of series) {
      writer.nested(1, () => {
        writeAttributes(writer, 'buckets' in cell ? 9 : 7, attributesOf(pairs))
        if (metric.type !== 'gauge') writer.fixed64(2, times[0])
        writer.fixed64(3, times[1])
        if ('buckets' in cell) writeHistogram(writer, cell)
        else writer.double(4, cell.value)
      })
    }
    if (metric.type !== 'gauge') writer.integer(2, cumulative)
    if (metric.type === 'counter') writer.integer(3, 1)
  })
}

function writeHistogram(writer: ProtobufWriter, { count, sum, buckets, bounds }: HistogramCell): void {
  writer.fixed64(4, BigInt(count))
  writer.double(5, sum)
  writer.packed64(6, buckets.length, (into, at, place) =>
    into.writeBigUInt64LE(BigInt(buckets[place] ?? 0), at),
  )
  writer.packed64(7, bounds.length, (into, at, place) => into.writeDoubleLE(bounds[place] ?? 0, at))
}

/** The same in OTLP's JSON: 64-bit integers as text, enumerations as numbers. */
export function encodeMetricsJson(metrics: Metrics, { resource, scope }: SpanSource, time: Gathered): Buffer {
  const told = []
  for (const [key, all] of metrics.read()) {
    const metric: Metric = catalogue[key]
    const points = Array.from(all, (series) => pointOf(metric, series, time))
    if (points.length > 0)
      told.push({ ...otlpName(key), description: metric.help, ...dataOf(metric, points) })
  }
  const scopeMetrics = [{ scope, metrics: told }]
  const attributes = resource.map(([key, value]) => ({ key, value: { stringValue: String(value) } }))
  return Buffer.from(JSON.stringify({ resourceMetrics: [{ resource: { attributes }, scopeMetrics }] }))
}

function dataOf({ type }: Metric, dataPoints: readonly object[]) {
  if (type === 'gauge') return { gauge: { dataPoints } }
  const aggregationTemporality = cumulative
  if (type === 'histogram') return { histogram: { dataPoints, aggregationTemporality } }
  return { sum: { dataPoints, aggregationTemporality, isMonotonic: true } }
}

function pointOf({ type }: Metric, { pairs, cell }: Read, { since, until }: Gathered) {
  const facts = {
    attributes: attributesOf(pairs).map(([key, stringValue]) => ({ key, value: { stringValue } })),
    ...(type === 'gauge' ? {} : { startTimeUnixNano: String(nanoseconds(since)) }),
    timeUnixNano: String(nanoseconds(until)),
  }
  if (!('buckets' in cell)) return { ...facts, asDouble: cell.value }
  const { count, sum, buckets, bounds } = cell
  return {
    ...facts,
    count: String(count),
    sum,
    bucketCounts: Array.from(buckets, String),
    explicitBounds: bounds,
  }
}
