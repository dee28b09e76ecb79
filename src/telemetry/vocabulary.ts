/** Closed lists: a value outside one cannot be written where the list is asked for. They only grow. */

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const
export type HttpMethod = (typeof httpMethods)[number]

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof statusClasses)[number]

/** By the shape of what this very request presented. */
export const authMethods = ['api_key', 'oauth', 'forwarded_key', 'admin_token', 'none'] as const
export type AuthMethod = (typeof authMethods)[number]

export const authOutcomes = ['accepted', 'challenged', 'rejected'] as const
export type AuthOutcome = (typeof authOutcomes)[number]

/** Where a route belongs; declared by the router beside each route. */
export const surfaces = ['mcp', 'metrics', 'well_known', 'health', 'other'] as const
export type Surface = (typeof surfaces)[number]

/** What a rate limit guards: declared by whoever asks the limiter, never a path. */
export const limitedEndpoints = ['mcp'] as const
export type LimitedEndpoint = (typeof limitedEndpoints)[number]

/** Why a caller was refused. Decided where it is known, never guessed from a status code (T14). */
export const rejectionReasons = [
  'missing_credential',
  'malformed_header',
  'not_bearer',
  'empty_token',
  'unknown_key',
  'revoked_key',
  'expired_key',
  'malformed_token',
  'insufficient_scope',
  'account_inactive',
  'host_rejected',
  'origin_rejected',
  'upstream_not_allowed',
  'session_unknown',
  'header_mismatch',
  'upstream_rejected',
  'upstream_needs_own_key',
] as const
export type RejectionReason = (typeof rejectionReasons)[number]

/** Why a request was refused for another reason than who sent it. */
export const faultReasons = [
  'not_found',
  'upstream_unknown',
  'transport_unsupported',
  'method_not_allowed',
  'duplicate_header',
  'two_credentials',
  'credential_in_query',
  'bad_target',
  'unsupported_media_type',
  'content_encoding',
  'body_too_large',
  'body_missing',
  'body_unexpected',
  'body_timeout',
  'invalid_utf8',
  'invalid_json',
  'not_jsonrpc',
  'empty_batch',
  'ambiguous_key',
  'rate_limited',
  'upstream_unreachable',
  'upstream_failed',
  'upstream_refused_gateway',
  'upstream_redirected',
  'upstream_timeout',
  'store_unavailable',
  'shutting_down',
  'internal',
] as const
export type FaultReason = (typeof faultReasons)[number]

/** JSON-RPC codes of the protocol's own; any other code is `other`. */
export const rpcCodes = [
  '-32700',
  '-32600',
  '-32601',
  '-32602',
  '-32603',
  '-32000',
  '-32001',
  '-32002',
  '-32020',
  '-32021',
  '-32022',
  '-32042',
] as const

/** `error.type` of an operation: what went wrong, absent when nothing did. */
export const errorTypes = [
  ...rpcCodes,
  'tool_error',
  'cancelled',
  ...rejectionReasons,
  ...faultReasons,
  'other',
] as const
export type ErrorType = (typeof errorTypes)[number]

export const protocolVersions = ['2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28', 'other'] as const
export type ProtocolVersion = (typeof protocolVersions)[number]

export const sessionEndReasons = ['deleted', 'idle', 'upstream_lost'] as const
export type SessionEndReason = (typeof sessionEndReasons)[number]

export const toolOutcomes = [
  'success',
  'tool_error',
  'protocol_error',
  'denied',
  'upstream_error',
  'cancelled',
  'timeout',
] as const
export type ToolOutcome = (typeof toolOutcomes)[number]

export const completions = ['result', 'truncated', 'cancelled', 'error'] as const
export type Completion = (typeof completions)[number]
