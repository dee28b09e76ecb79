import type { Clock } from '../lib/clock.ts'
import type { Log } from './log.ts'
import type { Metrics } from './metrics.ts'
import { createOtlpGrpc } from './otlp-grpc.ts'
import { createOtlpHttp } from './otlp-http.ts'
import { encodeMetricsJson, encodeMetricsProtobuf } from './otlp-metrics.ts'
import { createReport } from './report.ts'
import type { SpanTransport } from './span-transport.ts'
import type { SpanSource } from './span.ts'
import type { TraceProtocol } from './traces.ts'

export interface MetricPushOptions {
  readonly endpoint: URL
  readonly protocol: TraceProtocol
  readonly headers: readonly (readonly [string, string])[]
}

export interface MetricPushDependencies {
  readonly metrics: Metrics
  readonly clock: Clock
  readonly log: Log
  readonly source: SpanSource
}

/** Tells a collector the numbers that `/metrics` shows: the same cells, so the two cannot differ. */
export interface MetricPush {
  /** Sends them once. Never rejects: they are cumulative, so the next time makes good what was lost. */
  push(): Promise<void>
  /** Sends them a last time and breaks off, within a few seconds whatever the collector does. Never rejects. */
  close(): Promise<void>
}

const closeMs = 3000

/** Opens nothing before the first push. */
export function createMetricPush(options: MetricPushOptions, parts: MetricPushDependencies): MetricPush {
  const { metrics, clock, source, log } = parts
  const since = clock.now()
  const transport = transportOf(options)
  const encode = options.protocol === 'http/json' ? encodeMetricsJson : encodeMetricsProtobuf
  const report = createReport('metrics', log)
  const send = async (signal: AbortSignal) => {
    const delivery = await transport.send(encode(metrics, source, { since, until: clock.now() }), signal)
    report(delivery === 'taken')
  }
  const abort = new AbortController()
  return {
    push: () => send(abort.signal),
    async close() {
      abort.abort()
      await send(AbortSignal.timeout(closeMs))
      await transport.close().catch(() => {})
    },
  }
}

function transportOf({ protocol, endpoint, headers }: MetricPushOptions): SpanTransport {
  if (protocol === 'grpc') return createOtlpGrpc({ endpoint, headers, signal: 'metrics' })
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  return createOtlpHttp({ endpoint, headers, contentType, signal: 'metrics' })
}
