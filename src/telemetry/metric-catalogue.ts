import { maybe, oneOf, registered } from './field.ts'
import type { DeclaredValue, LabelField, Maybe } from './field.ts'
import { mcpMethod, operationError, route, signals, tool, upstream } from './signals.ts'
import type { SignalName } from './signals.ts'
import {
  actors,
  authMethods,
  authOutcomes,
  clientOrigins,
  clientStatuses,
  consentFlows,
  deviceCodeOutcomes,
  grantTypes,
  httpMethods,
  keyEndReasons,
  limitedEndpoints,
  loginEndReasons,
  loginOutcomes,
  loginProviders,
  refreshOutcomes,
  rejectionReasons,
  sessionEndReasons,
  statusClasses,
  surfaces,
  tokenEndReasons,
  tokenTypes,
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
/** Hosted sign-in waits for a person; a password does not. */
const loginBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]
/** One minute to thirty days (T33). */
const loginSessionBuckets = [
  60, 600, 1800, 3600, 14_400, 43_200, 86_400, 259_200, 604_800, 1_209_600, 2_592_000,
]
const sessionBuckets = [1, 10, 60, 300, 1800, 3600, 14_400, 86_400, 604_800]

const authPairs: readonly (readonly [AuthMethod, AuthOutcome])[] = [
  ['api_key', 'accepted'],
  ['api_key', 'rejected'],
  ['oauth', 'accepted'],
  ['oauth', 'rejected'],
  ['forwarded_key', 'accepted'],
  ['admin_token', 'accepted'],
  ['none', 'accepted'],
  ['none', 'challenged'],
  ['none', 'rejected'],
]

/** What every endpoint that takes a Bearer token may say of it. */
const bearerReasons = [
  'missing_credential',
  'malformed_header',
  'not_bearer',
  'empty_token',
  'malformed_token',
] as const

/** What only the authorization server refuses for. */
const grantReasons = [
  'replayed_refresh',
  'redirect_mismatch',
  'metadata_document_failed',
  'pkce_failed',
  'code_replayed',
  'bad_client_auth',
  'replayed_assertion',
  'unknown_resource',
] as const satisfies readonly RejectionReason[]

/** Who may not ask it at all, what userinfo says of a token, and what a form of its own was not sent from. */
const oauthReasons = [
  ...grantReasons,
  ...bearerReasons,
  'expired',
  'not_yet_valid',
  'bad_signature',
  'bad_algorithm',
  'revoked_token',
  'insufficient_scope',
  'unknown_client',
  'client_pending',
  'client_inactive',
  'account_inactive',
  'csrf_failed',
] as const

const notOnMcp: ReadonlySet<RejectionReason> = new Set([...grantReasons, 'csrf_failed'])

/** The guard runs on every surface, each other check where it belongs. */
const rejectionPairs: readonly (readonly [RejectionReason, Surface])[] = [
  ...rejectionReasons.filter((reason) => !notOnMcp.has(reason)).map((reason) => [reason, 'mcp'] as const),
  ...oauthReasons.map((reason) => [reason, 'oauth'] as const),
  ['csrf_failed', 'pages'],
  ...bearerReasons.map((reason) => [reason, 'metrics'] as const),
  ...(['oauth', 'pages', 'metrics', 'well_known', 'health', 'other'] as const).flatMap((surface) => [
    ['host_rejected', surface] as const,
    ['origin_rejected', surface] as const,
  ]),
]

const { operation } = signals.store_query_failed.fields
const cacheFields = signals.cache_used.fields

/** Administrators act at the command line, which has no metrics: no series of theirs would ever move (T29). A login
 * session that one closes is ended by a server, and counted there. */
const served = (values: readonly string[]) => each(values.filter((value) => !value.endsWith('admin')))

const each = (values: readonly string[]) => values.map((value) => [value])

/** A number counted in the store: no code moves it by events. */
function stateGauge(help: string) {
  return { type: 'gauge', help, inStore: true, labels: {}, reachable: [[]] } as const
}

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
    reachable: cacheFields.cache.values.flatMap((cache) => [
      [cache, 'hit'],
      [cache, 'miss'],
      ...(cache === 'jwks' || cache === 'client_metadata' ? [[cache, 'error']] : []),
    ]),
  },
  sallyport_logins_total: {
    type: 'counter',
    help: 'Attempts to sign in that a provider has answered.',
    labels: { provider: oneOf(...loginProviders), outcome: oneOf(...loginOutcomes) },
    reachable: loginProviders.flatMap((provider) => loginOutcomes.map((outcome) => [provider, outcome])),
  },
  sallyport_login_duration_seconds: {
    type: 'histogram',
    help: 'Seconds from asking the provider to its answer.',
    labels: { provider: oneOf(...loginProviders) },
    buckets: loginBuckets,
    reachable: each(loginProviders),
  },
  sallyport_login_sessions_active: stateGauge('Login sessions that have not ended, counted in the store.'),
  sallyport_login_sessions_started_total: {
    type: 'counter',
    help: 'Login sessions whose row has been committed.',
    labels: { provider: oneOf(...loginProviders) },
    reachable: each(loginProviders),
  },
  sallyport_login_sessions_ended_total: {
    type: 'counter',
    help: 'Login sessions whose end has been committed; each once.',
    labels: { reason: oneOf(...loginEndReasons) },
    reachable: each(loginEndReasons),
  },
  sallyport_login_session_duration_seconds: {
    type: 'histogram',
    help: 'Seconds a login session lasted, from sign-in to its end.',
    labels: { reason: oneOf(...loginEndReasons) },
    buckets: loginSessionBuckets,
    reachable: each(loginEndReasons),
  },
  sallyport_consents_granted_total: {
    type: 'counter',
    help: 'Consents given.',
    labels: { flow: oneOf(...consentFlows) },
    reachable: each(consentFlows),
  },
  sallyport_consents_revoked_total: {
    type: 'counter',
    help: 'Consents taken back, by who did it.',
    labels: { actor: oneOf(...actors) },
    reachable: served(actors),
  },
  sallyport_consents_active: stateGauge('Consents that hold, counted in the store.'),
  sallyport_users_active: {
    type: 'gauge',
    help: 'Enabled accounts by the provider that created them, counted in the store.',
    inStore: true,
    labels: { auth_source: oneOf(...loginProviders) },
    reachable: each(loginProviders),
  },
  sallyport_clients_registered: {
    type: 'gauge',
    help: 'OAuth clients, counted in the store.',
    inStore: true,
    labels: { status: oneOf(...clientStatuses), origin: oneOf(...clientOrigins) },
    reachable: clientStatuses.flatMap((status) => clientOrigins.map((origin) => [status, origin])),
  },
  sallyport_api_keys_created_total: {
    type: 'counter',
    help: 'API keys made by this server.',
    labels: { actor: oneOf(...actors) },
    // Nothing makes one by itself.
    reachable: [['user']],
  },
  sallyport_api_keys_revoked_total: {
    type: 'counter',
    help: 'API keys that stopped working.',
    labels: { actor: oneOf(...actors), reason: oneOf(...keyEndReasons) },
    reachable: [
      ['user', 'revoked'],
      ['user', 'rotated'],
      ['system', 'expired'],
    ],
  },
  sallyport_tokens_issued_total: {
    type: 'counter',
    help: 'Tokens issued.',
    labels: { token_type: oneOf(...tokenTypes), grant_type: oneOf(...grantTypes) },
    reachable: [
      ...grantTypes.map((grant) => ['access', grant]),
      ...grantTypes.filter((grant) => grant !== 'client_credentials').map((grant) => ['refresh', grant]),
    ],
  },
  sallyport_tokens_refreshed_total: {
    type: 'counter',
    help: 'Refresh tokens presented.',
    labels: { outcome: oneOf(...refreshOutcomes) },
    reachable: each(refreshOutcomes),
  },
  sallyport_tokens_revoked_total: {
    type: 'counter',
    help: 'Times tokens stopped working before their end.',
    labels: { reason: oneOf(...tokenEndReasons) },
    reachable: served(tokenEndReasons),
  },
  sallyport_device_codes_total: {
    type: 'counter',
    help: 'Device codes by what became of them.',
    labels: { outcome: oneOf(...deviceCodeOutcomes) },
    reachable: each(deviceCodeOutcomes),
  },
  sallyport_device_codes_pending: stateGauge('Device codes nobody has decided yet, counted in the store.'),
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
