import { JsonMetricsSerializer, ProtobufMetricsSerializer } from '@opentelemetry/otlp-transformer'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { AggregationTemporality, DataPointType } from '@opentelemetry/sdk-metrics'
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readMetricsJson, readMetricsProtobuf } from '../../test/support/otlp-read-metrics.ts'
import { metrics as catalogue } from './metric-catalogue.ts'
import type { Metric } from './metric-catalogue.ts'
import { Metrics, observe } from './metrics.ts'
import { NameRegistry } from './name-registry.ts'
import { encodeMetricsJson, encodeMetricsProtobuf, otlpName } from './otlp-metrics.ts'
import type { SpanSource } from './span.ts'

const source: SpanSource = {
  resource: [['service.name', 'sallyport']],
  scope: { name: 'sallyport', version: '1.2.3' },
}
const time = { since: 1.7e12, until: 1.7e12 + 60_000 }
const resource = resourceFromAttributes(Object.fromEntries(source.resource))

/** The same numbers as the official SDK holds them. */
function official(metrics: Metrics): ResourceMetrics {
  const at = (milliseconds: number): [number, number] => [milliseconds / 1000, 0]
  const told: MetricData[] = []
  for (const [key, all] of metrics.read()) {
    const metric: Metric = catalogue[key]
    const { name, unit } = otlpName(key)
    const points = Array.from(all, ({ pairs, cell }) => ({
      startTime: at(time.since),
      endTime: at(time.until),
      attributes: Object.fromEntries(
        pairs.map(([label, value]) => [
          label === 'mcp_method_name' ? 'mcp.method.name' : label.replace(/^error_type$/, 'error.type'),
          value,
        ]),
      ),
      value:
        'buckets' in cell
          ? {
              count: cell.count,
              sum: cell.sum,
              buckets: { boundaries: [...cell.bounds], counts: [...cell.buckets] },
            }
          : cell.value,
    }))
    if (points.length === 0) continue
    const dataPointType = {
      gauge: DataPointType.GAUGE,
      counter: DataPointType.SUM,
      histogram: DataPointType.HISTOGRAM,
    }[metric.type]
    told.push({
      descriptor: { name, unit, description: metric.help, valueType: 1 },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      ...(metric.type === 'counter' ? { isMonotonic: true } : {}),
      dataPointType,
      dataPoints: points,
    } as unknown as MetricData)
  }
  return { resource, scopeMetrics: [{ scope: source.scope, metrics: told }] }
}

/** Gauges have no beginning; the official SDK says one all the same. */
const withoutGaugeStarts = (points: ReturnType<typeof readMetricsJson>) =>
  points.map((point) => (point.type === 'gauge' ? { ...point, since: 0n } : point))

const moves = fc.record({
  requests: fc.nat(1e6),
  sessions: fc.nat(1e4),
  durations: fc.array(fc.double({ min: 0, max: 400, noNaN: true }), { maxLength: 30 }),
})

it('says in protobuf and in JSON what the official serializers say', () => {
  fc.assert(
    fc.property(moves, ({ requests, sessions, durations }) => {
      const names = new NameRegistry()
      const metrics = new Metrics(names)
      metrics.cell('sallyport_auth_requests_total', { method: 'api_key', outcome: 'accepted' }).value =
        requests
      metrics.cell('sallyport_login_sessions_active', {}).value = sessions
      const labels = {
        mcp_method_name: 'tools/call',
        upstream: names.register('upstream', 'code'),
        error_type: '-32602',
      } as const
      const cell = metrics.histogram('mcp_server_operation_duration_seconds', { ...labels, tool: undefined })
      for (const seconds of durations) observe(cell, seconds)

      const theirs = withoutGaugeStarts(
        readMetricsProtobuf(Buffer.from(ProtobufMetricsSerializer.serializeRequest(official(metrics)) ?? [])),
      )
      const ours = readMetricsProtobuf(encodeMetricsProtobuf(metrics, source, time))
      expect(ours).toEqual(theirs)
      expect(ours.length).toBeGreaterThan(200)
      const json = readMetricsJson(encodeMetricsJson(metrics, source, time))
      expect(json).toEqual(ours)
      expect(json).toEqual(
        withoutGaugeStarts(
          readMetricsJson(Buffer.from(JsonMetricsSerializer.serializeRequest(official(metrics)) ?? [])),
        ),
      )
    }),
    { numRuns: 20 },
  )
})

it('a collector makes our own names of them again', () => {
  for (const [key, metric] of Object.entries<Metric>(catalogue)) {
    const { name, unit } = otlpName(key)
    const unitSuffix = { s: '_seconds', By: '_bytes', 1: '' }[unit]
    const back = `${name.replaceAll('.', '_')}${unitSuffix}${metric.type === 'counter' ? '_total' : ''}`
    expect(back).toBe(key)
  }
})
