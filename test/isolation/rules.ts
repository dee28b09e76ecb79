import type { Caller } from './callers.ts'
import type { CredentialRule } from './credentials.ts'
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
  not_yet_valid: { status: 401, code: 40100, challenge: invalid },
  bad_signature: { status: 401, code: 40100, challenge: invalid },
  revoked_token: { status: 401, code: 40100, challenge: invalid },
  unknown_client: { status: 401, code: 40100, challenge: invalid },
  client_pending: { status: 401, code: 40100, challenge: invalid },
  client_inactive: { status: 401, code: 40100, challenge: invalid },
  unknown_issuer: { status: 401, code: 40100, challenge: invalid },
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

/** The product's own answer on a page or at the authorization server: its status, or where it leads. */
export type Stay = number | string

/** What a path asks of its callers. */
interface RouteRule {
  readonly methods: readonly string[]
  readonly asks: 'nothing' | 'metrics token' | 'caller' | 'browser' | 'access token'
  /** What a browser gets, by method; the second where it is signed in. A page takes no key and no token (auth 21). */
  readonly stays?: Readonly<Record<string, readonly [strangers: Stay, signedIn?: Stay]>>
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
const metadata: RouteRule = { ...open, contentType: 'application/json; charset=utf-8' }
const mcp: RouteRule = { methods: ['POST', 'GET', 'DELETE'], asks: 'caller' }

const toSignIn = (path: string) => `/login?next=${encodeURIComponent(path)}`
const page = (path: string): RouteRule => ({
  methods: ['GET', 'HEAD'],
  asks: 'browser',
  stays: { GET: [toSignIn(path), 200], HEAD: [toSignIn(path), 200] },
})
/** The matrix sends JSON, which no form is: a browser could send that from anywhere. */
const form = (path: string): RouteRule => ({
  methods: ['POST'],
  asks: 'browser',
  stays: { POST: [toSignIn(path), 415] },
})
const both = (one: RouteRule, other: RouteRule): RouteRule => ({
  ...one,
  methods: [...one.methods, ...other.methods],
  stays: { ...one.stays, ...other.stays },
})
const always = (status: Stay, ...methods: readonly string[]): RouteRule => ({
  methods,
  asks: 'browser',
  stays: Object.fromEntries(methods.map((method) => [method, [status]])),
})
const signedOut = '/login?done=signed-out'
const accessToken = (...methods: readonly string[]): RouteRule => ({ methods, asks: 'access token' })

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
  '/.well-known/oauth-authorization-server': metadata,
  '/.well-known/openid-configuration': metadata,
  '/login': {
    methods: ['GET', 'HEAD', 'POST'],
    asks: 'browser',
    stays: { GET: [200, '/account'], HEAD: [200, '/account'], POST: [415] },
  },
  '/login/begin/{provider}': always(404, 'GET', 'HEAD'),
  '/login/callback/{provider}': always(404, 'GET', 'HEAD'),
  '/logout': {
    methods: ['GET', 'HEAD', 'POST'],
    asks: 'browser',
    stays: { GET: [signedOut, 200], HEAD: [signedOut, 200], POST: [signedOut, 415] },
  },
  '/consent/{uid}': always(404, 'GET', 'HEAD', 'POST'),
  '/account': page('/account'),
  '/account/sessions/end': form('/account'),
  '/account/sessions/end-others': form('/account'),
  '/account/apps': page('/account/apps'),
  '/account/apps/revoke': form('/account/apps'),
  '/account/keys': page('/account/keys'),
  '/account/keys/made': {
    methods: ['GET', 'HEAD'],
    asks: 'browser',
    stays: {
      GET: [toSignIn('/account/keys'), '/account/keys'],
      HEAD: [toSignIn('/account/keys'), '/account/keys'],
    },
  },
  '/account/password': both(page('/account/password'), form('/account/password')),
  '/': always(404, 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'),
  '/account/keys/rotate': form('/account/keys'),
  '/account/keys/revoke': form('/account/keys'),
  '/account/keys/new': both(page('/account/keys/new'), form('/account/keys/new')),
  '/assets/{file}': always(200, 'GET', 'HEAD'),
  '/oauth/authorize': always(400, 'GET'),
  '/oauth/authorize/{id}': always(400, 'GET'),
  '/oauth/token': always(400, 'POST'),
  '/oauth/register': always(400, 'POST'),
  '/oauth/register/{id}': always(401, 'GET', 'PUT', 'DELETE'),
  '/oauth/device_authorization': always(400, 'POST'),
  '/oauth/introspect': always(400, 'POST'),
  '/oauth/revoke': always(400, 'POST'),
  '/oauth/userinfo': accessToken('GET', 'POST'),
  '/device': {
    methods: ['GET', 'POST'],
    asks: 'browser',
    stays: { GET: [toSignIn('/device'), 200], POST: [toSignIn('/device'), 400] },
  },
  '/device/{id}': {
    methods: ['GET'],
    asks: 'browser',
    stays: { GET: [toSignIn('/device/nobodys'), 400] },
  },
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
  /** Whether a refusal is a page too. */
  readonly isPage: boolean
  readonly credential: CredentialRule
  readonly session: SessionKind
  /** Whether the operator has set a token for /metrics. */
  readonly metricsToken: boolean
}

export type Expected =
  | { readonly refused: string; readonly allow?: readonly string[] }
  | { readonly answered: string }
  | { readonly stays: Stay }
  | { readonly forwarded: Caller }

/** Whose the sessions are that somebody may still use, at each upstream. */
const byEditor = { 'mine by another client': 'alice in east, by her editor' }
const easterners = { mine: 'alice in east', 'other user': 'bob in east', 'other workspace': 'alice in west' }
const sessionOwners: Record<UpstreamName, Partial<Record<SessionKind, string>>> = {
  code: { ...easterners, ...byEditor },
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
  const { methods, asks, contentType = '', stays = {} } = routeRule(cell.template)
  if (!methods.includes(method)) return { refused: 'method_not_allowed', allow: methods }
  if (asks === 'nothing' || (asks === 'metrics token' && !cell.metricsToken)) return { answered: contentType }
  if (asks === 'access token') return { stays: credential.live === true ? 403 : 401 }
  if (asks === 'browser') {
    const [strangers = 0, signedIn = strangers] = stays[method] ?? []
    return { stays: credential.signedIn === true ? signedIn : strangers }
  }
  const { readable = true } = credential
  const refused =
    (upstream === null ? undefined : credential.refusedAt?.[upstream]) ?? credential.refused ?? ''
  if (asks === 'metrics token') return { refused: readable ? 'malformed_token' : refused }
  if (upstream === null) throw new Error(`${cell.path} asks for a caller and has no upstream`)
  const caller = credential.callerAt?.[upstream] ?? (upstream === 'keys' ? undefined : credential.caller)
  if (caller === undefined)
    return { refused: upstream === 'keys' && readable ? 'upstream_needs_own_key' : refused }
  if (caller.may[upstream] !== 'allowed') return { refused: caller.may[upstream] }
  const isTheirs = cell.session === 'none' || sessionOwners[upstream][cell.session] === caller.owner
  return isTheirs ? { forwarded: caller } : { refused: 'session_unknown' }
}
