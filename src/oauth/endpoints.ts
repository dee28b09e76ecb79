import type { LimitedEndpoint } from '../telemetry/vocabulary.ts'
import type { OauthEndpoint } from './request-state.ts'

/** One path of the authorization server, as a route table wants it. */
export interface OauthRoute {
  /** Below publicUrl's path; `{}` stands for one variable segment at the end. */
  readonly path: string
  /** What metrics and logs call it. */
  readonly template: string
  readonly methods: readonly string[]
  readonly endpoint: OauthEndpoint
  /** What its limit is called; null for what has none of its own. */
  readonly limit: LimitedEndpoint | null
  /** Whether browsers of other origins may call it. */
  readonly cors: boolean
}

const read = ['GET', 'HEAD']

/** Every path the authorization server answers, the well-known ones apart (see `metadataPaths`). */
export const oauthRoutes: readonly OauthRoute[] = [
  route('/oauth/authorize', ['GET'], 'authorize', 'authorize', false),
  route('/oauth/authorize/{}', ['GET'], 'resume', null, false),
  route('/oauth/token', ['POST'], 'token', 'token', true),
  route('/oauth/register', ['POST'], 'register', 'register', true),
  route('/oauth/register/{}', ['GET', 'PUT', 'DELETE'], 'register', 'register', true),
  route('/oauth/device_authorization', ['POST'], 'device_authorization', 'device_authorization', true),
  route('/oauth/introspect', ['POST'], 'introspect', 'introspect', true),
  route('/oauth/revoke', ['POST'], 'revoke', 'revoke', true),
  route('/oauth/userinfo', ['GET', 'POST'], 'userinfo', 'userinfo', true),
  route('/device', ['GET', 'POST'], 'device', 'device_verify', false),
  route('/device/{}', ['GET'], 'device', null, false),
]

/**
 * Where the metadata is: both documents below publicUrl, and for a publicUrl with a path also where RFC 8414 section 3.1
 * puts them, at the root of the host. These are whole paths.
 */
export function metadataPaths(base: string): readonly string[] {
  const names = ['oauth-authorization-server', 'openid-configuration']
  const below = names.map((name) => `${base}/.well-known/${name}`)
  return base === '' ? below : [...below, ...names.map((name) => `/.well-known/${name}${base}`)]
}

export const metadataMethods = read

function route(
  path: string,
  methods: readonly string[],
  endpoint: OauthEndpoint,
  limit: LimitedEndpoint | null,
  cors: boolean,
): OauthRoute {
  return { path, template: path.replace('{}', '{id}'), methods, endpoint, limit, cors }
}

/** The route of a path below publicUrl, with its variable segment. */
export function findOauthRoute(
  path: string,
): { readonly route: OauthRoute; readonly segment: string | null } | null {
  const exact = oauthRoutes.find((known) => known.path === path)
  if (exact !== undefined && !path.includes('{}')) return { route: exact, segment: null }
  const slash = path.lastIndexOf('/')
  const variable = oauthRoutes.find((known) => known.path === `${path.slice(0, slash)}/{}`)
  const segment = path.slice(slash + 1)
  return variable === undefined || segment === '' ? null : { route: variable, segment }
}
