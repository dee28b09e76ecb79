import type { Caller, CredentialRule } from './credentials.ts'
import type { SessionKind, UpstreamName } from './world.ts'

/** What a reason looks like on the wire: HTTP status, JSON-RPC code, challenge. */
interface RefusalRule {
  readonly status: number
  readonly code: number
  readonly challenge?: RegExp
  /** Whether the message has been read by then, so that the error names its id. */
  readonly knowsId?: true
}

/** Before what says where to sign in. */
const invalid = /^Bearer error="invalid_token", error_description="[^"]+"$/

export const refusalRules: Readonly<Record<string, RefusalRule>> = {
  two_credentials: { status: 400, code: 40000 },
  credential_in_query: { status: 400, code: 40000 },
  not_found: { status: 404, code: 40400 },
  upstream_unknown: { status: 404, code: 40400 },
  transport_unsupported: { status: 404, code: 40400 },
  method_not_allowed: { status: 405, code: 40000 },
  missing_credential: { status: 401, code: 40100, challenge: /^Bearer$/ },
  malformed_header: { status: 401, code: 40100, challenge: invalid },
  not_bearer: { status: 401, code: 40100, challenge: invalid },
  empty_token: { status: 401, code: 40100, challenge: invalid },
  malformed_token: { status: 401, code: 40100, challenge: invalid },
  unknown_key: { status: 401, code: 40100, challenge: invalid },
  revoked_key: { status: 401, code: 40100, challenge: invalid },
  expired_key: { status: 401, code: 40100, challenge: invalid },
  account_inactive: { status: 401, code: 40100, challenge: invalid },
  wrong_audience: { status: 401, code: 40100, challenge: invalid },
  expired: { status: 401, code: 40100, challenge: invalid },
  upstream_needs_own_key: { status: 403, code: 40300 },
  upstream_not_allowed: { status: 403, code: 40300, knowsId: true },
  insufficient_scope: {
    status: 403,
    code: 40301,
    challenge: /^Bearer error="insufficient_scope"(?:, scope="code:read")?$/,
    knowsId: true,
  },
  session_unknown: { status: 404, code: 40400, knowsId: true },
}

/** What a path asks of its callers. */
interface RouteRule {
  readonly methods: readonly string[]
  readonly asks: 'nothing' | 'metrics token' | 'caller'
  /** The content type of the product's own 200. */
  readonly contentType?: string
}

/**
 * What a challenge says of OAuth at its end. Nothing where the upstream takes none, and nothing to the holder of an API
 * key, who would be sent into a browser for nothing (auth 2).
 */
export function oauthHint(cell: Cell, url: string, presented: string): string {
  if (cell.upstream === null || cell.upstream === 'keys' || /^bearer sp_\w+$/i.test(presented)) return ''
  const scope = cell.upstream === 'code' ? ', scope="code:read"' : ''
  return ` resource_metadata="${url}/.well-known/oauth-protected-resource${cell.path}"${scope}`
}

const open: RouteRule = { methods: ['GET', 'HEAD'], asks: 'nothing', contentType: 'application/json' }
const mcp: RouteRule = { methods: ['POST', 'GET', 'DELETE'], asks: 'caller' }

/** Every template of the route table. One that is missing here fails the matrix: decide who may reach it. */
const routeRules: Readonly<Record<string, RouteRule>> = {
  '/healthz': open,
  '/health': open,
  '/readyz': open,
  '/.well-known/jwks.json': open,
  '/.well-known/oauth-protected-resource': open,
  '/.well-known/oauth-protected-resource/mcp': open,
  '/.well-known/oauth-protected-resource/mcp/{upstream}': open,
  '/metrics': {
    methods: ['GET', 'HEAD'],
    asks: 'metrics token',
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  },
  '/mcp': mcp,
  '/mcp/{upstream}': mcp,
}

/** The rule of a route. Throws when there is none. */
export function routeRule(template: string): RouteRule {
  const rule = routeRules[template]
  if (rule === undefined) throw new Error(`${template} has no rule in test/isolation/rules.ts`)
  return rule
}

/** Paths nobody serves. */
export const unservedPaths: Readonly<Record<string, string>> = {
  '/mcp/nobody': 'upstream_unknown',
  '/mcp/code/sse': 'transport_unsupported',
  '/mcp/code/': 'not_found',
  '/mcp/CODE': 'not_found',
  '/mcp/%63ode': 'not_found',
  '//mcp/code': 'not_found',
  '/mcpcode': 'not_found',
  '/admin': 'not_found',
  '/api/v1/keys': 'not_found',
}

export interface Cell {
  readonly path: string
  /** Null for a path nobody serves. */
  readonly template: string | null
  /** The upstream behind the path, if any. */
  readonly upstream: UpstreamName | null
  readonly method: string
  readonly credential: CredentialRule
  readonly session: SessionKind
  /** Whether the operator has set a token for /metrics. */
  readonly metricsToken: boolean
}

export type Expected =
  | { readonly refused: string; readonly allow?: readonly string[] }
  | { readonly answered: string }
  | { readonly forwarded: Caller }

/** Whose the sessions are that somebody may still use, at each upstream. */
const easterners = { mine: 'alice in east', 'other user': 'bob in east', 'other workspace': 'alice in west' }
const sessionOwners: Record<UpstreamName, Partial<Record<SessionKind, string>>> = {
  code: easterners,
  wiki: easterners,
  open: { ...easterners, nobody: 'nobody' },
  keys: { 'other user': 'first external key' },
  vault: { 'other user': 'dora in west', 'other workspace': 'alice in west' },
}

/** What the specification says of one cell: the first gate that stops it, from the outside in. */
export function expectedOf(cell: Cell): Expected {
  const { credential, method, upstream } = cell
  if (credential.anywhere !== undefined) return { refused: credential.anywhere }
  if (cell.template === null) return { refused: unservedPaths[cell.path] ?? 'not_found' }
  const { methods, asks, contentType = '' } = routeRule(cell.template)
  if (!methods.includes(method)) return { refused: 'method_not_allowed', allow: methods }
  if (asks === 'nothing' || (asks === 'metrics token' && !cell.metricsToken)) return { answered: contentType }
  const { refused = '', readable = true } = credential
  if (asks === 'metrics token') return { refused: readable ? 'malformed_token' : refused }
  if (upstream === null) throw new Error(`${cell.path} asks for a caller and has no upstream`)
  const caller = credential.callerAt?.[upstream] ?? (upstream === 'keys' ? undefined : credential.caller)
  if (caller === undefined)
    return { refused: upstream === 'keys' && readable ? 'upstream_needs_own_key' : refused }
  if (caller.may[upstream] !== 'allowed') return { refused: caller.may[upstream] }
  const isTheirs = cell.session === 'none' || sessionOwners[upstream][cell.session] === caller.owner
  return isTheirs ? { forwarded: caller } : { refused: 'session_unknown' }
}
