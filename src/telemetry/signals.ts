import { mcpMethodNames } from '../mcp/method.ts'
import { count, flag, identity, local, maybe, detail, oneOf, registered } from './field.ts'
import type { Declared, DeclaredValue } from './field.ts'
import { callDuration, lifetime, sender } from './signal-parts.ts'
import { signInSignals } from './sign-in-signals.ts'
import {
  authMethods,
  authOutcomes,
  completions,
  configuredAuths,
  errorTypes,
  httpMethods,
  lifecycleSources,
  limitedEndpoints,
  operationErrors,
  nodeMajors,
  operatingSystems,
  protocolVersions,
  rejectionReasons,
  rpcCodes,
  sessionEndReasons,
  shutdownReasons,
  startupErrorKinds,
  startupPhases,
  statusClasses,
  surfaces,
  toolOutcomes,
  uriSchemes,
} from './vocabulary.ts'

/**
 * The catalogue: every fact the product states about itself. It is the only way to emit and the source of the
 * reference, of `sallyport privacy`, of the fuzz generators and of the dashboard check. A name is declared here when
 * the code that emits it lands, not before. Names and values only grow: `generated/signals-snapshot.json` holds them to it.
 */
export interface Signal {
  readonly sentence: string
  /** `never`: no identity of anybody can ride on this signal, not even the operator's (T21). */
  readonly identity: 'never' | 'principal'
  /** The product-analytics event of the same name; absent when there is none. */
  readonly analytics?: true
  /**
   * The fields by which events are gathered: at most one for each combination and ten seconds, with a `count`. For what
   * strangers can cause at will, so that it pushes out nothing else (T26).
   */
  readonly gathered?: readonly string[]
  /** The one sink it is said to; absent when it is said to all. */
  readonly only?: 'traces'
  readonly fields: Readonly<Record<string, Declared>>
}

export const route = registered('route')
export const upstream = registered('upstream')
export const tool = registered('tool')
const prompt = registered('prompt')
export const mcpMethod = oneOf(...mcpMethodNames, 'other')
const errorType = oneOf(...errorTypes)
export const operationError = oneOf(...operationErrors)
const httpMethod = oneOf(...httpMethods)
const statusClass = oneOf(...statusClasses)

const items = count([1, '0'], [11, '1-10'], [101, '11-100'], [1001, '101-1000'], [Infinity, '>1000'])

const httpVersion = oneOf('1.0', '1.1')
const statusCode = count([200, '1xx'], [300, '2xx'], [400, '3xx'], [500, '4xx'], [Infinity, '5xx'])
const plainNumber = count([Infinity, 'any'])
/** Arguments and results are redacted and cut before they get here. */
const content = maybe(detail(4096))

const upstreams = count([1, '0'], [2, '1'], [6, '2-5'], [21, '6-20'], [Infinity, '>20'])
const lifecycle_source = oneOf(...lifecycleSources)

export const signals = {
  server_started: {
    sentence: 'A server has begun to answer; once for each, whatever it reloads.',
    identity: 'never',
    analytics: true,
    fields: {
      lifecycle_source,
      configured_auth: oneOf(...configuredAuths),
      oauth_configured: flag,
      resource_uri_scheme: oneOf(...uriSchemes),
      host_guard: flag,
      allowed_hosts_is_default: flag,
      upstream_count: upstreams,
      store: oneOf('sqlite', 'postgres'),
      os: oneOf(...operatingSystems),
      node_major: oneOf(...nodeMajors),
    },
  },
  server_shutdown: {
    sentence: 'A server that had started has ended; once for each, unless the process was killed.',
    identity: 'never',
    analytics: true,
    fields: {
      lifecycle_source,
      reason: oneOf(...shutdownReasons),
      lifetime,
      first_request_seen: flag,
      session_seen: flag,
    },
  },
  startup_error: {
    sentence: 'A server could not start.',
    identity: 'never',
    analytics: true,
    fields: {
      phase: oneOf(...startupPhases),
      error_kind: oneOf(...startupErrorKinds),
      oauth_configured: flag,
    },
  },
  http_request_started: {
    sentence: 'A request has arrived and has been matched to a route.',
    identity: 'never',
    fields: { route },
  },
  http_request_ended: {
    sentence: 'A request has been answered, refused or abandoned; every route, every outcome.',
    identity: 'never',
    fields: { route, method: httpMethod, status_class: statusClass, duration: callDuration },
  },
  auth_decided: {
    sentence: 'A credential, or the lack of one, has been judged.',
    identity: 'never',
    fields: { method: oneOf(...authMethods), outcome: oneOf(...authOutcomes) },
  },
  auth_rejected: {
    sentence: 'A request has been refused because of who sent it, or from where.',
    identity: 'never',
    analytics: true,
    gathered: ['reason', 'surface', 'client'],
    fields: {
      reason: oneOf(...rejectionReasons),
      surface: oneOf(...surfaces),
      oauth_configured: flag,
      resource_metadata_url_present: flag,
      ...sender,
    },
  },
  operation_ended: {
    sentence: 'One MCP message of a client has been answered, refused or abandoned.',
    identity: 'principal',
    fields: {
      mcp_method: mcpMethod,
      upstream,
      tool: maybe(tool),
      error_type: maybe(operationError),
      duration: callDuration,
      principal: identity,
      /** Tool, prompt or resource as the client sent it. */
      target: maybe(local(256)),
      resource_uri: maybe(detail(512)),
      address: local(64),
      request_id: local(64),
      trace_id: maybe(local(32)),
      ...sender,
    },
  },
  upstream_operation_ended: {
    sentence: 'An upstream has answered one message, or failed to.',
    identity: 'never',
    fields: { mcp_method: mcpMethod, upstream, error_type: maybe(operationError), duration: callDuration },
  },
  server_span: {
    sentence: 'A request has been kept for the traces: what its server span says.',
    identity: 'principal',
    only: 'traces',
    fields: {
      route: maybe(route),
      method: httpMethod,
      status: maybe(statusCode),
      http_version: httpVersion,
      mcp_method: maybe(mcpMethod),
      upstream: maybe(upstream),
      tool: maybe(tool),
      prompt: maybe(prompt),
      protocol_version: maybe(oneOf(...protocolVersions)),
      client: maybe(sender.client),
      /** Only where the client's JSON-RPC id is a number. */
      request_number: maybe(plainNumber),
      rpc_code: maybe(oneOf(...rpcCodes)),
      error_type: maybe(errorType),
      /** Attribution adds a hash of the caller's MCP session (`mcp.session.id`); the id itself is of no kind. */
      principal: identity,
      resource_uri: maybe(detail(512)),
      address: maybe(detail(64)),
      arguments: content,
      result: content,
    },
  },
  client_span: {
    sentence: 'A request kept for the traces has gone to an upstream: what the client span says.',
    identity: 'never',
    only: 'traces',
    fields: {
      method: httpMethod,
      mcp_method: maybe(mcpMethod),
      upstream,
      tool: maybe(tool),
      prompt: maybe(prompt),
      rpc_code: maybe(oneOf(...rpcCodes)),
      error_type: maybe(errorType),
      server_address: registered('server_address'),
      server_port: plainNumber,
    },
  },
  mcp_session_ended: {
    sentence: 'An MCP session has ended; said once, by whoever ended it.',
    identity: 'never',
    fields: { upstream, end_reason: oneOf(...sessionEndReasons), duration: lifetime },
  },
  session_initialized: {
    sentence: 'A client has introduced itself: `initialize`, or the first modern request of a caller.',
    identity: 'principal',
    analytics: true,
    fields: {
      protocol_version: oneOf(...protocolVersions),
      caps_sampling: flag,
      caps_elicitation: flag,
      caps_roots: flag,
      caps_tasks: flag,
      principal: identity,
      ...sender,
    },
  },
  tools_listed: {
    sentence: 'A client has listed the tools of an upstream.',
    identity: 'principal',
    analytics: true,
    fields: { upstream, count: items, principal: identity, ...sender },
  },
  tool_called: {
    sentence: 'A client has called a tool.',
    identity: 'principal',
    analytics: true,
    fields: {
      upstream,
      tool,
      outcome: oneOf(...toolOutcomes),
      error_kind: maybe(operationError),
      duration: callDuration,
      streamed: flag,
      principal: identity,
      ...sender,
    },
  },
  stream_completed: {
    sentence: 'An event stream to a client is over.',
    identity: 'principal',
    analytics: true,
    fields: {
      upstream,
      completion: oneOf(...completions),
      duration: callDuration,
      first_event_after: maybe(callDuration),
      event_count: items,
      principal: identity,
      ...sender,
    },
  },
  rate_limited: {
    sentence: 'A caller has used up a budget.',
    identity: 'never',
    analytics: true,
    gathered: ['endpoint', 'client'],
    fields: { endpoint: oneOf(...limitedEndpoints), ...sender },
  },
  ...signInSignals,
  store_query_failed: {
    sentence: 'The store could not answer a question a request depends on.',
    identity: 'never',
    fields: {
      operation: oneOf(
        'find_key',
        'find_session',
        'start_session',
        'end_session',
        'record_use',
        'count',
        'find_token',
        'find_login_session',
        'authorization_server',
        'page',
      ),
    },
  },
  cache_used: {
    sentence: 'A cache on the hot path was asked.',
    identity: 'never',
    fields: {
      cache: oneOf('assertion', 'token', 'jwks', 'client_metadata'),
      outcome: oneOf('hit', 'miss', 'error'),
    },
  },
} as const satisfies Record<string, Signal>

export type SignalName = keyof typeof signals
export type SignalFields<Name extends SignalName> = {
  readonly [F in keyof (typeof signals)[Name]['fields']]: DeclaredValue<(typeof signals)[Name]['fields'][F]>
}
/** The signals that are analytics events too. */
export type EventName = {
  [Name in SignalName]: (typeof signals)[Name] extends { readonly analytics: true } ? Name : never
}[SignalName]
