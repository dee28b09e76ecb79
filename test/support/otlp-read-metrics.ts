import { attributes, fields, first, messages, number, text } from './protobuf-fields.ts'
import type { Fields } from './protobuf-fields.ts'

/** One series of one metric as a collector reads it, from either encoding. */
export interface SeenPoint {
  readonly name: string
  readonly unit: string
  readonly description: string
  readonly type: 'gauge' | 'sum' | 'histogram'
  /** 2 cumulative; 0 for gauges. */
  readonly temporality: number
  readonly isMonotonic: boolean
  readonly attributes: Readonly<Record<string, unknown>>
  /** Nanoseconds since the epoch; 0 when not said. */
  readonly since: bigint
  readonly until: bigint
  readonly value: number | SeenHistogram
  readonly resource: Readonly<Record<string, unknown>>
}

export interface SeenHistogram {
  readonly count: number
  readonly sum: number
  readonly buckets: readonly number[]
  readonly bounds: readonly number[]
}

const kinds = [
  [5, 'gauge'],
  [7, 'sum'],
  [9, 'histogram'],
] as const

/** Reads `ExportMetricsServiceRequest` in protobuf. Throws on what is none. */
export function readMetricsProtobuf(bytes: Buffer): SeenPoint[] {
  return messages(fields(bytes), 1).flatMap((resourceMetrics) => {
    const resource = attributes(messages(fields(first(resourceMetrics, 1)), 1))
    return messages(resourceMetrics, 2).flatMap((scopeMetrics) =>
      messages(scopeMetrics, 2).flatMap((metric) => {
        const facts = { name: text(metric, 1), description: text(metric, 2), unit: text(metric, 3), resource }
        return kinds.flatMap(([field, type]) => {
          if (!metric.has(field)) return []
          const data = fields(first(metric, field))
          const temporality = Number(number(data, 2))
          const isMonotonic = number(data, 3) === 1n
          return messages(data, 1).map((point) => ({
            ...facts,
            type,
            temporality,
            isMonotonic,
            attributes: attributes(messages(point, type === 'histogram' ? 9 : 7)),
            since: number(point, 2),
            until: number(point, 3),
            value: type === 'histogram' ? histogramOf(point) : numberOf(point),
          }))
        })
      }),
    )
  })
}

function numberOf(point: Fields): number {
  return point.has(6) ? Number(number(point, 6)) : double(number(point, 4))
}

function histogramOf(point: Fields): SeenHistogram {
  const buckets = first(point, 6)
  const bounds = first(point, 7)
  const each = <Item>(bytes: Buffer, read: (at: number) => Item) =>
    Array.from({ length: bytes.length / 8 }, (_, place) => read(place * 8))
  return {
    count: Number(number(point, 4)),
    sum: double(number(point, 5)),
    buckets: each(buckets, (at) => Number(buckets.readBigUInt64LE(at))),
    bounds: each(bounds, (at) => bounds.readDoubleLE(at)),
  }
}

function double(bits: bigint): number {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(bits)
  return bytes.readDoubleLE()
}

interface JsonPoint {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano: string
  readonly asDouble?: number
  readonly asInt?: number | string
  readonly count?: string | number
  readonly sum?: number
  readonly bucketCounts?: readonly (string | number)[]
  readonly explicitBounds?: readonly number[]
}
interface JsonData {
  readonly dataPoints: readonly JsonPoint[]
  readonly aggregationTemporality?: number
  readonly isMonotonic?: boolean
}
interface JsonMetric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly gauge?: JsonData
  readonly sum?: JsonData
  readonly histogram?: JsonData
}
interface JsonRequest {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: JsonPoint['attributes'] }
    readonly scopeMetrics: readonly { readonly metrics: readonly JsonMetric[] }[]
  }[]
}

const pairs = (all: JsonPoint['attributes']) =>
  Object.fromEntries(all.map(({ key, value }) => [key, value.stringValue]))

/** Reads the same in OTLP's JSON. */
export function readMetricsJson(bytes: Buffer): SeenPoint[] {
  const request = JSON.parse(bytes.toString('utf8')) as JsonRequest
  return request.resourceMetrics.flatMap(({ resource, scopeMetrics }) =>
    scopeMetrics.flatMap(({ metrics }) =>
      metrics.flatMap((metric) =>
        kinds.flatMap(([, type]) =>
          (metric[type]?.dataPoints ?? []).map((point) => ({
            name: metric.name,
            unit: metric.unit,
            description: metric.description,
            type,
            temporality: metric[type]?.aggregationTemporality ?? 0,
            isMonotonic: metric[type]?.isMonotonic ?? false,
            attributes: pairs(point.attributes),
            since: BigInt(point.startTimeUnixNano ?? 0),
            until: BigInt(point.timeUnixNano),
            value: type === 'histogram' ? jsonHistogram(point) : Number(point.asDouble ?? point.asInt),
            resource: pairs(resource.attributes),
          })),
        ),
      ),
    ),
  )
}

function jsonHistogram({ count, sum, bucketCounts, explicitBounds }: JsonPoint): SeenHistogram {
  return {
    count: Number(count),
    sum: sum ?? 0,
    buckets: (bucketCounts ?? []).map(Number),
    bounds: explicitBounds ?? [],
  }
}
