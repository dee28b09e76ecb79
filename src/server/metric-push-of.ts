import type { GlobalSettings } from '../config/options.ts'
import type { RandomSource } from '../lib/random.ts'
import { createMetricPush } from '../telemetry/metric-push.ts'
import type { MetricPush, MetricPushDependencies } from '../telemetry/metric-push.ts'
import { spanSource } from '../telemetry/traces.ts'
import { headersIn } from './traces-of.ts'

type Parts = Omit<MetricPushDependencies, 'source'> & {
  readonly random: RandomSource
  readonly version: string
}

/** The way of the numbers to a collector; null without an endpoint: then no socket is opened. */
export function metricPushOf(
  settings: GlobalSettings,
  { random, version, ...parts }: Parts,
): MetricPush | null {
  const endpoint = settings['telemetry.metrics.endpoint']
  if (endpoint === null) return null
  const headers = headersIn(settings['telemetry.metrics.headers'] ?? '')
  const options = { endpoint: new URL(endpoint), protocol: settings['telemetry.metrics.protocol'], headers }
  return createMetricPush(options, { ...parts, source: spanSource({ version, random }) })
}
