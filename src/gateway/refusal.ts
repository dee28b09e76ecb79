import type { LimitDecision, LimitPolicy } from '../limits/limiter.ts'
import type { RequestId } from '../mcp/message.ts'
import { rejectionReasons } from '../telemetry/vocabulary.ts'
import type { FaultReason, LimitedEndpoint, RejectionReason } from '../telemetry/vocabulary.ts'

/** A refusal as `docs/reference/errors.md` lists it. */
export interface RefusalRow {
  readonly status: number
  /** The JSON-RPC error code on MCP endpoints. */
  readonly code: number
  /** What is wrong and how to fix it, for the caller. */
  readonly message: string
}

/** Faults of a request that reached no upstream's route: answered and counted by status, and no signal says more. */
type EarlyReason =
  | 'not_found'
  | 'upstream_unknown'
  | 'transport_unsupported'
  | 'method_not_allowed'
  | 'duplicate_header'
  | 'two_credentials'
  | 'credential_in_query'
  | 'bad_target'

/** Bytes that never became a request: answered at the socket, and counted as a request of no route. */
export type UnreadableReason = 'bad_request' | 'head_too_large' | 'body_timeout'

/** Every reason a request can be refused for, whoever is at fault. Reasons are stable: they only grow. */
export const refusals = {
  missing_credential: {
    status: 401,
    code: 40100,
    message: 'No credential was sent. Send Authorization: Bearer with an access token or an API key.',
  },
  malformed_header: { status: 401, code: 40100, message: 'The Authorization header cannot be read.' },
  not_bearer: { status: 401, code: 40100, message: 'Only the Bearer scheme is accepted.' },
  empty_token: { status: 401, code: 40100, message: 'The Bearer token is empty.' },
  malformed_token: { status: 401, code: 40100, message: 'The token is no credential of this gateway.' },
  unknown_key: { status: 401, code: 40100, message: 'The API key is not known here.' },
  revoked_key: { status: 401, code: 40100, message: 'The API key has been revoked. Create a new one.' },
  expired_key: { status: 401, code: 40100, message: 'The API key has expired. Create a new one.' },
  account_inactive: {
    status: 401,
    code: 40100,
    message: 'The account behind this credential is disabled or has left the workspace.',
  },
  insufficient_scope: {
    status: 403,
    code: 40301,
    message: 'The credential lacks a scope this server needs.',
  },
  upstream_not_allowed: { status: 403, code: 40300, message: 'The credential may not use this server.' },
  upstream_needs_own_key: {
    status: 403,
    code: 40300,
    message: 'This server takes only keys of its own. Send one as the Bearer token.',
  },
  upstream_rejected: { status: 401, code: 40100, message: 'The server behind this gateway refused the key.' },
  origin_rejected: {
    status: 403,
    code: 40300,
    message: 'Requests from this Origin are not allowed. An operator can add it to allowedOrigins.',
  },
  host_rejected: {
    status: 421,
    code: 40300,
    message: 'The Host header names no host served here. An operator can add it to allowedHosts.',
  },
  session_unknown: { status: 404, code: 40400, message: 'No such session. Initialize a new one.' },
  header_mismatch: { status: 400, code: -32020, message: 'A request header and the body disagree.' },
  expired: {
    status: 401,
    code: 40100,
    message: 'The access token has expired. Refresh it, or sign in again.',
  },
  not_yet_valid: {
    status: 401,
    code: 40100,
    message: 'The access token is not valid yet. Compare the clocks.',
  },
  bad_signature: {
    status: 401,
    code: 40100,
    message: 'The signature of the access token is wrong.',
  },
  bad_algorithm: {
    status: 401,
    code: 40100,
    message: 'The access token is signed with an algorithm that is not accepted.',
  },
  unknown_issuer: {
    status: 401,
    code: 40100,
    message: 'The issuer of the access token is not known here.',
  },
  wrong_audience: {
    status: 401,
    code: 40100,
    message: 'The access token was issued for another server.',
  },
  revoked_token: {
    status: 401,
    code: 40100,
    message: 'The access token, or the consent behind it, has been revoked. Sign in again.',
  },
  unknown_client: {
    status: 401,
    code: 40100,
    message: 'The client is not known here.',
  },
  client_pending: {
    status: 401,
    code: 40100,
    message: 'The client has not been approved yet. An administrator can approve it.',
  },
  client_inactive: {
    status: 401,
    code: 40100,
    message: 'The client has been switched off.',
  },
  replayed_refresh: {
    status: 400,
    code: 40000,
    message: 'The refresh token has been used before.',
  },
  redirect_mismatch: {
    status: 400,
    code: 40000,
    message: 'The redirect URI is not registered for this client.',
  },
  metadata_document_failed: {
    status: 400,
    code: 40000,
    message: 'The metadata document of the client could not be used.',
  },
  pkce_failed: {
    status: 400,
    code: 40000,
    message: 'The PKCE challenge is missing or does not match (S256 only).',
  },
  code_replayed: {
    status: 400,
    code: 40000,
    message: 'The code has been used before.',
  },
  bad_client_auth: {
    status: 401,
    code: 40100,
    message: 'The client could not be authenticated.',
  },
  replayed_assertion: {
    status: 401,
    code: 40100,
    message: 'The client assertion has been used before.',
  },
  unknown_resource: {
    status: 400,
    code: 40000,
    message: 'No such resource is served here.',
  },
  csrf_failed: {
    status: 403,
    code: 40300,
    message: 'The form is too old, or came from elsewhere. Go back and send it again.',
  },
  not_found: { status: 404, code: 40400, message: 'Nothing is served at this path.' },
  upstream_unknown: { status: 404, code: 40400, message: 'No server of that name is served here.' },
  method_not_allowed: { status: 405, code: 40000, message: 'The HTTP method is not allowed here.' },
  duplicate_header: { status: 400, code: 40000, message: 'A header that may appear once was sent twice.' },
  two_credentials: { status: 400, code: 40000, message: 'More than one Authorization header was sent.' },
  credential_in_query: {
    status: 400,
    code: 40000,
    message: 'Credentials are not accepted in the URL. Send an Authorization header.',
  },
  bad_request: { status: 400, code: 40000, message: 'The request cannot be read as HTTP/1.1.' },
  head_too_large: {
    status: 431,
    code: 40000,
    message: 'The request head is larger than this gateway accepts.',
  },
  bad_target: { status: 400, code: 40000, message: 'The request target must be a path.' },
  unsupported_media_type: { status: 415, code: 41500, message: 'The body must be application/json.' },
  content_encoding: { status: 415, code: 41500, message: 'The body must not be compressed.' },
  body_too_large: { status: 413, code: 41300, message: 'The body is larger than this gateway accepts.' },
  body_missing: { status: 400, code: 40000, message: 'A POST needs a JSON-RPC message as its body.' },
  body_unexpected: { status: 400, code: 40000, message: 'A GET or DELETE has no body.' },
  body_timeout: { status: 408, code: 40000, message: 'The request body did not arrive in time.' },
  invalid_utf8: { status: 400, code: 40000, message: 'The body is not valid UTF-8.' },
  invalid_json: { status: 400, code: 40000, message: 'The body is not valid JSON.' },
  not_jsonrpc: { status: 400, code: 40000, message: 'The body is no JSON-RPC 2.0 message.' },
  too_deep: { status: 400, code: 40000, message: 'The body nests deeper than 200 levels.' },
  batch_too_large: { status: 400, code: 40000, message: 'A batch may have 100 messages at the most.' },
  empty_batch: { status: 400, code: 40000, message: 'A batch needs at least one message.' },
  ambiguous_key: {
    status: 400,
    code: 40000,
    message: 'A key of the message is there twice or in an unexpected letter case.',
  },
  upstream_unreachable: {
    status: 502,
    code: 50200,
    message: 'The server behind this gateway cannot be reached.',
  },
  upstream_failed: {
    status: 502,
    code: 50200,
    message: 'The server behind this gateway broke off its answer.',
  },
  upstream_refused_gateway: {
    status: 502,
    code: 50200,
    message: "The server behind this gateway did not accept the gateway's credential. An operator must look.",
  },
  upstream_redirected: {
    status: 502,
    code: 50200,
    message: 'The server behind this gateway answered with a redirect. An operator must set its final URL.',
  },
  upstream_timeout: { status: 504, code: 50400, message: 'The server behind this gateway took too long.' },
  rate_limited: { status: 429, code: 42900, message: 'Too many requests. Wait as long as Retry-After says.' },
  transport_unsupported: {
    status: 404,
    code: 40400,
    message: 'The HTTP+SSE transport of 2024-11-05 is not served. Use Streamable HTTP at /mcp or /mcp/NAME.',
  },
  store_unavailable: {
    status: 503,
    code: 50300,
    message: 'The gateway cannot reach its store. Try again soon.',
  },
  issuer_unavailable: {
    status: 503,
    code: 50300,
    message: 'The issuer of the access token does not answer, so its keys are not known. Try again soon.',
  },
  shutting_down: { status: 503, code: 50300, message: 'The gateway is shutting down. Try again.' },
  internal: {
    status: 500,
    code: 50300,
    message: 'The gateway failed. The request id finds the reason in its log.',
  },
} as const satisfies Record<RejectionReason | FaultReason | EarlyReason | UnreadableReason, RefusalRow>

/** Every reason there is an answer for. */
export type AnswerReason = keyof typeof refusals
/** Why a request that could be read is refused. */
export type RefusalReason = Exclude<AnswerReason, UnreadableReason>

/** Why this one request is refused. A value, not an exception: refusals are expected. */
export interface Refusal {
  readonly refused: RefusalReason
  /** More for the caller, such as which key is ambiguous; never a secret. */
  readonly hint?: string
  /** The JSON-RPC id of the message at fault, once it is known. */
  readonly id?: RequestId | null
  /** For the log only. */
  readonly detail?: string
  /** Scopes to ask for, in a 403 `insufficient_scope`. */
  readonly scopes?: readonly string[]
  /** The budget that is used up, in a 429. */
  readonly limit?: { readonly policy: LimitPolicy; readonly decision: LimitDecision }
  /** What that budget guards, where it is not an MCP endpoint. */
  readonly endpoint?: LimitedEndpoint
  /** `Allow`, in a 405. */
  readonly allow?: readonly string[]
}

export function isRefusal(value: object): value is Refusal {
  return 'refused' in value
}

const rejections: ReadonlySet<string> = new Set(rejectionReasons)

/** Whether the refusal is about who sent the request or from where; only those count as rejections. */
export function isRejection(reason: AnswerReason): reason is RejectionReason {
  return rejections.has(reason)
}
