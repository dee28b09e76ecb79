/** Closed lists: a value outside one cannot be written where the list is asked for. They only grow. */

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const
export type HttpMethod = (typeof httpMethods)[number]

export const statusClasses = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof statusClasses)[number]

export const authMethods = ['api_key', 'oauth', 'forwarded_key', 'admin_token', 'none'] as const
export type AuthMethod = (typeof authMethods)[number]

export const authOutcomes = ['accepted', 'challenged', 'rejected'] as const
export type AuthOutcome = (typeof authOutcomes)[number]

/** Where a route belongs; declared by the router beside each route. */
export const surfaces = ['mcp', 'metrics', 'well_known', 'health', 'other'] as const
export type Surface = (typeof surfaces)[number]

/** What a rate limit guards: declared by whoever asks the limiter, never a path. */
export const limitedEndpoints = ['mcp'] as const

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
