import { clientFamilies, llmFamilies } from '../mcp/client-family.ts'
import { mcpMethodNames } from '../mcp/method.ts'
import { count, duration, flag, identity, local, maybe, detail, oneOf, registered } from './field.ts'
import type { Declared, DeclaredValue } from './field.ts'
import {
  authMethods,
  authOutcomes,
  completions,
  errorTypes,
  httpMethods,
  limitedEndpoints,
  protocolVersions,
  rejectionReasons,
  sessionEndReasons,
  statusClasses,
  surfaces,
  toolOutcomes,
} from './vocabulary.ts'

/**
 * The catalogue: every fact the product states about itself. It is the only way to emit and the source of the
 * reference, of `sallyport privacy`, of the fuzz generators and of the dashboard check. A name is declared here when
 * the code that emits it lands, not before. Names and values only grow: `signals.snapshot.json` holds them to it.
 */
export interface Signal {
  readonly sentence: string
  /** `never`: no identity of anybody can ride on this signal, not even the operator's (T21). */
  readonly identity: 'never' | 'principal'
  /** The product-analytics event of the same name; absent when there is none. */
  readonly analytics?: true
  readonly fields: Readonly<Record<string, Declared>>
}

export const route = registered('route')
export const upstream = registered('upstream')
export const tool = registered('tool')
export const mcpMethod = oneOf(...mcpMethodNames, 'other')
export const errorType = oneOf(...errorTypes)
const httpMethod = oneOf(...httpMethods)
const statusClass = oneOf(...statusClasses)
const client = oneOf(...clientFamilies)

const callDuration = duration(
  [0.01, '<10ms'],
  [0.1, '10-100ms'],
  [1, '100ms-1s'],
  [10, '1-10s'],
  [60, '10-60s'],
  [Infinity, '>60s'],
)
const lifetime = duration(
  [5, '<5s'],
  [60, '5-60s'],
  [600, '1-10m'],
  [3600, '10-60m'],
  [86_400, '1-24h'],
  [Infinity, '>24h'],
)
const items = count([1, '0'], [11, '1-10'], [101, '11-100'], [1001, '101-1000'], [Infinity, '>1000'])

/** What every signal of a request says of its sender, without saying who it is. */
const sender = { auth_mode: oneOf(...authMethods), client, llm_family: oneOf(...llmFamilies) }

export const signals = {
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
      error_type: maybe(errorType),
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
    fields: { mcp_method: mcpMethod, upstream, error_type: maybe(errorType), duration: callDuration },
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
      error_kind: maybe(errorType),
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
    fields: { endpoint: oneOf(...limitedEndpoints), ...sender },
  },
  store_query_failed: {
    sentence: 'The store could not answer a question a request depends on.',
    identity: 'never',
    fields: {
      operation: oneOf('find_key', 'find_session', 'start_session', 'end_session', 'record_use', 'count'),
    },
  },
  cache_used: {
    sentence: 'A cache on the hot path was asked.',
    identity: 'never',
    fields: { cache: oneOf('assertion'), outcome: oneOf('hit', 'miss') },
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
