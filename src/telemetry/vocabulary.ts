/** Closed lists: a value outside one cannot be written where the list is asked for. They only grow. */

export const httpMethods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'] as const
export type HttpMethod = (typeof httpMethods)[number]

/** Nothing answers 1xx. Pages redirect; an upstream's redirect is refused. */
export const statusClasses = ['2xx', '3xx', '4xx', '5xx'] as const
export type StatusClass = (typeof statusClasses)[number]

/** By the shape of what this very request presented. */
export const authMethods = ['api_key', 'oauth', 'forwarded_key', 'admin_token', 'none'] as const
export type AuthMethod = (typeof authMethods)[number]

export const authOutcomes = ['accepted', 'challenged', 'rejected'] as const
export type AuthOutcome = (typeof authOutcomes)[number]

/** Where a route belongs; declared by the router beside each route. */
export const surfaces = ['mcp', 'oauth', 'pages', 'metrics', 'well_known', 'health', 'other'] as const
export type Surface = (typeof surfaces)[number]

/** What a rate limit guards: declared by whoever asks the limiter, never a path. */
export const limitedEndpoints = [
  'mcp',
  'login',
  'authorize',
  'token',
  'device_authorization',
  'device_verify',
  'register',
  'introspect',
  'revoke',
  'userinfo',
  'account',
] as const
export type LimitedEndpoint = (typeof limitedEndpoints)[number]

/** Who signs people in. `local` is our own password; an account keeps the one that created it. */
export const loginProviders = ['local', 'http_api', 'github', 'gitea', 'gitlab', 'microsoft', 'oidc'] as const
export type LoginProvider = (typeof loginProviders)[number]

export const loginOutcomes = ['success', 'failure'] as const

/** Why a login session ended: each ends once, for one of these. */
export const loginEndReasons = [
  'logout',
  'idle_timeout',
  'absolute_timeout',
  'fingerprint_mismatch',
  'account_inactive',
  'password_changed',
  'replaced',
  'revoked_by_user',
  'revoked_by_admin',
] as const
export type LoginEndReason = (typeof loginEndReasons)[number]

/** How a consent came to be. */
export const consentFlows = ['authorization_code', 'device_code'] as const
export type ConsentFlow = (typeof consentFlows)[number]

/** Who did something to a consent, a key or a client. */
export const actors = ['user', 'admin', 'system'] as const

export const keyEndReasons = ['revoked', 'rotated', 'expired'] as const

export const clientStatuses = ['pending', 'active', 'inactive'] as const
export type ClientStatus = (typeof clientStatuses)[number]

export const clientOrigins = ['admin', 'self_service', 'dynamic', 'metadata_document'] as const
export type ClientOrigin = (typeof clientOrigins)[number]

export const tokenTypes = ['access', 'refresh'] as const
export const grantTypes = [
  'authorization_code',
  'refresh_token',
  'device_code',
  'client_credentials',
] as const
export type GrantType = (typeof grantTypes)[number]

export const refreshOutcomes = ['success', 'expired', 'replayed', 'revoked', 'invalid'] as const
export type RefreshOutcome = (typeof refreshOutcomes)[number]

export const tokenEndReasons = ['user_request', 'replay', 'consent_revoked', 'admin'] as const

export const deviceCodeOutcomes = ['issued', 'authorized', 'denied', 'expired', 'redeemed'] as const

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
  'expired',
  'not_yet_valid',
  'bad_signature',
  'bad_algorithm',
  'unknown_issuer',
  'wrong_audience',
  'revoked_token',
  'unknown_client',
  'client_pending',
  'client_inactive',
  'replayed_refresh',
  'redirect_mismatch',
  'metadata_document_failed',
  'pkce_failed',
  'code_replayed',
  'bad_client_auth',
  'replayed_assertion',
  'unknown_resource',
  'csrf_failed',
] as const
export type RejectionReason = (typeof rejectionReasons)[number]

/** Why a call was refused that has been read: by what the caller may do, or by what lies behind the gateway. */
const lateReasons = [
  'insufficient_scope',
  'upstream_not_allowed',
  'session_unknown',
  'upstream_rejected',
  'rate_limited',
  'upstream_unreachable',
  'upstream_failed',
  'upstream_refused_gateway',
  'upstream_redirected',
  'upstream_timeout',
  'store_unavailable',
  'internal',
] as const

/** Why a request to an upstream, or one that failed in here, was refused for another reason than who sent it. */
export const faultReasons = [
  'unsupported_media_type',
  'content_encoding',
  'body_too_large',
  'body_missing',
  'body_unexpected',
  'invalid_utf8',
  'invalid_json',
  'not_jsonrpc',
  'empty_batch',
  'too_deep',
  'batch_too_large',
  'ambiguous_key',
  'rate_limited',
  'upstream_unreachable',
  'upstream_failed',
  'upstream_refused_gateway',
  'upstream_redirected',
  'upstream_timeout',
  'store_unavailable',
  'issuer_unavailable',
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

/** `error.type` of one MCP message: what went wrong with it, absent when nothing did. */
export const operationErrors = [...rpcCodes, 'tool_error', 'cancelled', ...lateReasons, 'other'] as const
export type OperationError = (typeof operationErrors)[number]

/** `error.type` of a request: one that never became a message has reasons of its own. */
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

/** Who runs the server: our command line, or the program it is embedded in. */
export const lifecycleSources = ['main', 'embedded'] as const
export type LifecycleSource = (typeof lifecycleSources)[number]

export const configuredAuths = ['oauth', 'api_key', 'mixed', 'none'] as const
export type ConfiguredAuth = (typeof configuredAuths)[number]

export const uriSchemes = ['https', 'http', 'none'] as const
export type UriScheme = (typeof uriSchemes)[number]

export const operatingSystems = ['linux', 'darwin', 'win32', 'other'] as const
export type OperatingSystem = (typeof operatingSystems)[number]

export const nodeMajors = ['24', '25', '26', '27', '28', '29', '30', 'other'] as const
export type NodeMajor = (typeof nodeMajors)[number]

/** Why a server stopped; a drained SIGTERM or SIGINT is `clean_exit`. */
export const shutdownReasons = ['clean_exit', 'drain_timeout', 'transport_error', 'crash'] as const
export type ShutdownReason = (typeof shutdownReasons)[number]

export const startupPhases = ['config', 'store', 'bind', 'start'] as const
export type StartupPhase = (typeof startupPhases)[number]

export const startupErrorKinds = [
  'invalid_option',
  'missing_secret',
  'store_unreachable',
  'migration_failed',
  'address_in_use',
  'permission',
  'out_of_disk',
  'other',
] as const
export type StartupErrorKind = (typeof startupErrorKinds)[number]

export const installationTypes = ['local', 'cloud', 'self-hosted', 'unknown'] as const
export type InstallationType = (typeof installationTypes)[number]

export const launchMethods = ['npx', 'npm', 'container', 'service', 'embedded', 'other'] as const
export type LaunchMethod = (typeof launchMethods)[number]
