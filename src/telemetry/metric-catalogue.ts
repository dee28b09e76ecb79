import { maybe, oneOf, registered } from './field.ts'
import type { DeclaredValue, LabelField, Maybe } from './field.ts'
import { mcpMethod, operationError, route, signals, tool, upstream } from './signals.ts'
import type { SignalName } from './signals.ts'
import {
  authMethods,
  authOutcomes,
  httpMethods,
  limitedEndpoints,
  rejectionReasons,
  sessionEndReasons,
  statusClasses,
  surfaces,
} from './vocabulary.ts'
import type { AuthMethod, AuthOutcome, RejectionReason, Surface } from './vocabulary.ts'

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: Readonly<Record<string, LabelField | Maybe<LabelField>>>
  /** Counted in the store: equal on every replica, so that the largest is taken and never the sum. */
  readonly inStore?: true
  /** Upper bounds in seconds; histograms only. */
  readonly buckets?: readonly number[]
  /** Label values, in label order, that exist at zero from the first scrape on. */
  readonly reachable?: readonly (readonly string[])[]
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
/** Those of the OpenTelemetry MCP conventions. */
const operationBuckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]
const sessionBuckets = [1, 10, 60, 300, 1800, 3600, 14_400, 86_400, 604_800]

const authPairs: readonly (readonly [AuthMethod, AuthOutcome])[] = [
  ['api_key', 'accepted'],
  ['api_key', 'rejected'],
  ['oauth', 'rejected'],
  ['forwarded_key', 'accepted'],
  ['admin_token', 'accepted'],
  ['none', 'accepted'],
  ['none', 'challenged'],
  ['none', 'rejected'],
]

const metricsReasons = [
  'missing_credential',
  'malformed_header',
  'not_bearer',
  'empty_token',
  'malformed_token',
] as const

/** The guard runs on every surface, the credential checks on two. */
const rejectionPairs: readonly (readonly [RejectionReason, Surface])[] = [
  ...rejectionReasons.map((reason) => [reason, 'mcp'] as const),
  ...metricsReasons.map((reason) => [reason, 'metrics'] as const),
  ...(['metrics', 'well_known', 'health', 'other'] as const).flatMap((surface) => [
    ['host_rejected', surface] as const,
    ['origin_rejected', surface] as const,
  ]),
]

const { operation } = signals.store_query_failed.fields
const cacheFields = signals.cache_used.fields

/** Every series of `/metrics`. Names are pinned: dashboards depend on them. Identity cannot be typed into a label. */
export const metrics = {
  sallyport_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what is running.',
    labels: { version: registered('version'), commit: registered('commit') },
  },
  sallyport_http_requests_total: {
    type: 'counter',
    help: 'Requests answered, by route template.',
    labels: { route, method: oneOf(...httpMethods), status_class: oneOf(...statusClasses) },
  },
  sallyport_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Seconds from the first byte of the request to the last byte of the answer.',
    labels: { route, method: oneOf(...httpMethods), status_class: oneOf(...statusClasses) },
    buckets: requestBuckets,
  },
  sallyport_requests_in_flight: {
    type: 'gauge',
    help: 'Requests that have begun and not ended, by route template.',
    labels: { route },
  },
  mcp_server_operation_duration_seconds: {
    type: 'histogram',
    help: 'Seconds an MCP message of a client took, as the client sees it.',
    labels: { mcp_method_name: mcpMethod, upstream, tool: maybe(tool), error_type: maybe(operationError) },
    buckets: operationBuckets,
  },
  mcp_client_operation_duration_seconds: {
    type: 'histogram',
    help: 'Seconds an upstream took to answer an MCP message.',
    labels: { mcp_method_name: mcpMethod, upstream, error_type: maybe(operationError) },
    buckets: operationBuckets,
  },
  mcp_server_session_duration_seconds: {
    type: 'histogram',
    help: 'Seconds an MCP session lasted.',
    labels: { upstream, end_reason: oneOf(...sessionEndReasons) },
    buckets: sessionBuckets,
  },
  sallyport_mcp_sessions_active: {
    type: 'gauge',
    help: 'MCP sessions that have not ended, counted in the store.',
    inStore: true,
    labels: { upstream },
  },
  sallyport_users_registered: {
    type: 'gauge',
    help: 'Accounts, counted in the store.',
    inStore: true,
    labels: {},
    reachable: [[]],
  },
  sallyport_api_keys_active: {
    type: 'gauge',
    help: 'API keys that work, counted in the store.',
    inStore: true,
    labels: {},
    reachable: [[]],
  },
  sallyport_gauge_refresh_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the gauges counted in the store were last refreshed.',
    labels: {},
    reachable: [[]],
  },
  sallyport_auth_requests_total: {
    type: 'counter',
    help: 'Judgements of credentials. `challenged` is the ordinary 401 to a caller who sent none.',
    labels: { method: oneOf(...authMethods), outcome: oneOf(...authOutcomes) },
    reachable: authPairs,
  },
  sallyport_auth_rejected_total: {
    type: 'counter',
    help: 'Requests refused because of who sent them or from where.',
    labels: { reason: oneOf(...rejectionReasons), surface: oneOf(...surfaces) },
    reachable: rejectionPairs,
  },
  sallyport_rate_limit_exceeded_total: {
    type: 'counter',
    help: 'Requests refused because a budget was used up.',
    labels: { endpoint: oneOf(...limitedEndpoints) },
    reachable: limitedEndpoints.map((endpoint) => [endpoint]),
  },
  sallyport_store_query_errors_total: {
    type: 'counter',
    help: 'Questions the store could not answer.',
    labels: { operation },
    reachable: operation.values.map((value) => [value]),
  },
  sallyport_cache_requests_total: {
    type: 'counter',
    help: 'Questions to caches on the hot path.',
    labels: { cache: cacheFields.cache, outcome: cacheFields.outcome },
    reachable: cacheFields.outcome.values.map((value) => ['assertion', value]),
  },
  sallyport_upstream_up: {
    type: 'gauge',
    help: '1 when the last call to the upstream was answered, 0 when it was not. No probes are sent.',
    labels: { upstream },
  },
  sallyport_upstream_connections: {
    type: 'gauge',
    help: 'Open connections to the upstream.',
    labels: { upstream },
  },
  process_cpu_seconds_total: {
    type: 'counter',
    help: 'Seconds of processor time the process has used.',
    labels: {},
    reachable: [[]],
  },
  process_resident_memory_bytes: {
    type: 'gauge',
    help: 'Resident memory of the process.',
    labels: {},
    reachable: [[]],
  },
  process_start_time_seconds: {
    type: 'gauge',
    help: 'When the process started, in seconds since the Unix epoch.',
    labels: {},
    reachable: [[]],
  },
  nodejs_heap_size_used_bytes: {
    type: 'gauge',
    help: 'Memory of the JavaScript heap in use.',
    labels: {},
    reachable: [[]],
  },
  sallyport_telemetry_dropped_total: {
    type: 'counter',
    help: 'Telemetry that was lost on its way, by sink.',
    labels: {
      sink: oneOf('analytics', 'traces', 'audit'),
      reason: oneOf('queue_full', 'send_failed', 'closed'),
    },
    reachable: [
      ...['analytics', 'traces'].flatMap((sink) =>
        ['queue_full', 'send_failed', 'closed'].map((reason) => [sink, reason]),
      ),
      ['audit', 'queue_full'],
    ],
  },
  sallyport_telemetry_refused_values_total: {
    type: 'counter',
    help: 'Values that telemetry would not carry because they are not what the catalogue declares.',
    labels: { signal: oneOf(...(Object.keys(signals) as SignalName[])) },
    reachable: Object.keys(signals).map((signal) => [signal]),
  },
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics
export type MetricLabels<Name extends MetricName> = {
  readonly [L in keyof (typeof metrics)[Name]['labels']]: Extract<
    DeclaredValue<(typeof metrics)[Name]['labels'][L]>,
    string | boolean | undefined
  >
}
