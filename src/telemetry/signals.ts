import { duration, oneOf, registered } from './field.ts'
import type { Field, FieldValue, LabelField } from './field.ts'
import {
  authMethods,
  authOutcomes,
  httpMethods,
  rejectionReasons,
  statusClasses,
  limitedEndpoints,
  surfaces,
} from './vocabulary.ts'
import type { AuthMethod, AuthOutcome, RejectionReason, Surface } from './vocabulary.ts'

/**
 * The catalogue: every fact the product states about itself. It is the only way to emit and the source of
 * `docs/reference/metrics.md`. A name is declared here when the code that emits it lands, not before.
 */
export interface Signal {
  readonly sentence: string
  /** `never`: no identity of anybody can ride on this signal, not even the operator's (T21). */
  readonly identity: 'never' | 'principal'
  readonly fields: Readonly<Record<string, Field>>
}

const route = registered('route')
const method = oneOf(...httpMethods)

export const signals = {
  http_request_started: {
    sentence: 'A request has arrived and has been matched to a route.',
    identity: 'never',
    fields: { route },
  },
  http_request_ended: {
    sentence: 'A request has been answered, refused or abandoned; every route, every outcome.',
    identity: 'never',
    fields: { route, method, status_class: oneOf(...statusClasses), duration },
  },
  auth_decided: {
    sentence: 'A credential, or the lack of one, has been judged.',
    identity: 'never',
    fields: { method: oneOf(...authMethods), outcome: oneOf(...authOutcomes) },
  },
  auth_rejected: {
    sentence: 'A request has been refused because of who sent it, or from where.',
    identity: 'never',
    fields: { reason: oneOf(...rejectionReasons), surface: oneOf(...surfaces) },
  },
  rate_limited: {
    sentence: 'A caller has used up a budget.',
    identity: 'never',
    fields: { endpoint: oneOf(...limitedEndpoints) },
  },
  store_query_failed: {
    sentence: 'The store could not answer a question a request depends on.',
    identity: 'never',
    fields: {
      operation: oneOf('find_key', 'find_session', 'start_session', 'end_session', 'record_use', 'count'),
    },
  },
} as const satisfies Record<string, Signal>

export type SignalName = keyof typeof signals
export type SignalFields<Name extends SignalName> = {
  readonly [F in keyof (typeof signals)[Name]['fields']]: (typeof signals)[Name]['fields'][F] extends Field
    ? FieldValue<(typeof signals)[Name]['fields'][F]>
    : never
}

export interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: Readonly<Record<string, LabelField>>
  /** Upper bounds in seconds; histograms only. */
  readonly buckets?: readonly number[]
  /** Label values, in label order, that exist at zero from the first scrape on. */
  readonly reachable?: readonly (readonly string[])[]
}

const requestBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

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

/** Names are pinned: dashboards depend on them. */
export const metrics = {
  sallyport_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels say what is running.',
    labels: { version: registered('version'), commit: registered('commit') },
  },
  sallyport_http_requests_total: {
    type: 'counter',
    help: 'Requests answered, by route template.',
    labels: { route, method, status_class: oneOf(...statusClasses) },
  },
  sallyport_http_request_duration_seconds: {
    type: 'histogram',
    help: 'Seconds from the first byte of the request to the last byte of the answer.',
    labels: { route, method, status_class: oneOf(...statusClasses) },
    buckets: requestBuckets,
  },
  sallyport_requests_in_flight: {
    type: 'gauge',
    help: 'Requests that have begun and not ended, by route template.',
    labels: { route },
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
  sallyport_mcp_sessions_active: {
    type: 'gauge',
    help: 'MCP sessions that have not ended, counted in the store.',
    labels: { upstream: registered('upstream') },
  },
  sallyport_gauge_refresh_age_seconds: {
    type: 'gauge',
    help: 'Seconds since the gauges counted in the store were last refreshed.',
    labels: {},
  },
  sallyport_store_query_errors_total: {
    type: 'counter',
    help: 'Questions the store could not answer.',
    labels: { operation: signals.store_query_failed.fields.operation },
    reachable: signals.store_query_failed.fields.operation.values.map((operation) => [operation]),
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
  readonly [
    L in keyof (typeof metrics)[Name]['labels']
  ]: (typeof metrics)[Name]['labels'][L] extends LabelField
    ? FieldValue<(typeof metrics)[Name]['labels'][L]>
    : never
}
