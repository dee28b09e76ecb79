import { errors } from 'oidc-provider'
import type { AdapterFactory, Configuration, JWKS, KoaContextWithOIDC } from 'oidc-provider'
import { judgeClientAssertion } from './client-assertion.ts'
import { createDevicePages } from './device-pages.ts'
import type { DevicePagesParts } from './device-pages.ts'
import { errorWords } from './error-words.ts'
import { createInteractionPolicy } from './interaction-policy.ts'
import { rejectionOf } from './library-events.ts'
import { requestState } from './request-state.ts'
import { isOpenTo } from './resources.ts'
import type { Resource, Resources } from './resources.ts'
import { libraryScopes, requestedScopes } from './scopes.ts'

const secondsOfDay = 86_400
/** What a client may sign its assertions with. */
export const clientAlgorithms = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
] as const

export interface LibraryOptions {
  /** publicUrl without a slash at the end. */
  readonly issuer: string
  readonly refreshDays: number
  readonly deviceCodeMinutes: number
  readonly accessSeconds: number
}

export interface LibraryParts extends DevicePagesParts {
  readonly adapter: AdapterFactory
  readonly jwks: JWKS
  readonly resources: Resources
  readonly loadExistingGrant: NonNullable<Configuration['loadExistingGrant']>
  readonly findAccount: NonNullable<Configuration['findAccount']>
  readonly issueToken: NonNullable<NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']>
  /** For URLs out of clients' metadata: guarded. */
  readonly fetch: NonNullable<Configuration['fetch']>
}

/** The paths the library serves, below publicUrl. Those of what is ours alone are never reached. */
const libraryRoutes = {
  authorization: '/oauth/authorize',
  token: '/oauth/token',
  introspection: '/oauth/introspect',
  revocation: '/oauth/revoke',
  device_authorization: '/oauth/device_authorization',
  code_verification: '/device',
  jwks: '/.well-known/jwks.json',
  end_session: '/oauth/end_session',
} as const

/** Everything the library is told, in one place. What is not named here is off. */
export function libraryConfiguration(options: LibraryOptions, parts: LibraryParts): Configuration {
  const secure = options.issuer.startsWith('https:')
  const cookie = { httpOnly: true, sameSite: 'lax', secure, signed: false } as const
  const { pages, resources } = parts
  return {
    adapter: parts.adapter,
    jwks: parts.jwks,
    routes: libraryRoutes,
    scopes: [...libraryScopes],
    claims: { openid: ['sub'], email: ['email'] },
    responseTypes: ['code'],
    subjectTypes: ['public'],
    clientAuthMethods: ['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt'],
    enabledJWA: { idTokenSigningAlgValues: ['ES256'], clientAuthSigningAlgValues: [...clientAlgorithms] },
    clientDefaults: {
      id_token_signed_response_alg: 'ES256',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
    assertJwtClientAuthClaimsAndHeader: judgeClientAssertion,
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    clientBasedCORS: () => false,
    cookies: {
      names: { session: sessionCookie, interaction: 'sallyport_interaction', resume: 'sallyport_resume' },
      long: cookie,
      short: cookie,
    },
    interactions: {
      policy: createInteractionPolicy(),
      url: (_, { uid }) => `${options.issuer}/consent/${uid}`,
    },
    extraParams: { [settledParameter]: (ctx) => settleRequest(ctx, resources) },
    findAccount: parts.findAccount,
    loadExistingGrant: parts.loadExistingGrant,
    revokeGrantPolicy: () => false,
    rotateRefreshToken: () => true,
    // Not bound to the login session: an application stays connected until its user ends that.
    expiresWithSession: async () => false,
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    formats: { customizers: { jwt: parts.issueToken } },
    extraTokenClaims: async () => undefined,
    renderError(ctx, { error, error_description: text }, failure) {
      ctx.type = 'html'
      const reason = rejectionOf(ctx, failure)
      const said = errorWords(reason, { clientId: sent(ctx, 'client_id') })
      const message = said ?? text ?? 'the request could not be answered'
      ctx.body = pages.error({ code: error, message, requestId: requestState().requestId })
    },
    ttl: {
      AccessToken: options.accessSeconds,
      ClientCredentials: options.accessSeconds,
      AuthorizationCode: 60,
      DeviceCode: options.deviceCodeMinutes * 60,
      IdToken: 3600,
      RefreshToken: options.refreshDays * secondsOfDay,
      Interaction: 3600,
      Session: secondsOfDay,
      Grant: secondsOfDay,
    },
    fetch: parts.fetch,
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      userinfo: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_, client, token) => token.clientId === client.clientId,
      },
      revocation: {
        enabled: true,
        async allowedPolicy(_, client, token) {
          if (token.clientId === client.clientId) return true
          // RFC 7009 section 2.1: the client is told.
          throw new errors.InvalidRequest('the token was issued to another client')
        },
      },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: () => ({}),
        ...createDevicePages(parts),
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, __, oneOf) => oneOf ?? defaultOf(resources).resource,
        getResourceServerInfo: (ctx, asked) => resourceServer(ctx, asked, resources, options),
        useGrantedResource: () => true,
      },
    },
  }
}

/** Within this process alone: see `adapter/session.ts`. */
export const sessionCookie = 'sallyport_library_session'

/** A parameter as it was sent; null when it is not there, or there twice. */
function sent({ oidc, query }: KoaContextWithOIDC, name: string): string | null {
  const value = oidc.params?.[name] ?? query[name]
  return typeof value === 'string' ? value : null
}

/** No parameter anybody sends: the library asks about it where a request may still be changed. */
const settledParameter = 'sallyport_settled'

function settleRequest({ oidc }: KoaContextWithOIDC, resources: Resources): void {
  const { params } = oidc
  const asked = Object.keys(oidc.resourceServers ?? {})
  const resource = resources.list().find((known) => known.resource === asked[0])
  if (params === undefined || resource === undefined || asked.length !== 1) throw unknownResource()
  delete params[settledParameter]
  const scope = params['scope']
  params['scope'] = requestedScopes(typeof scope === 'string' ? scope : undefined, resource).join(' ')
}

function defaultOf(resources: Resources): Resource {
  const resource = resources.list().find(({ isDefault }) => isDefault)
  if (resource === undefined) throw unknownResource()
  return resource
}

function resourceServer(
  { oidc }: KoaContextWithOIDC,
  asked: string,
  resources: Resources,
  { accessSeconds }: LibraryOptions,
) {
  const resource = resources.list().find((known) => known.resource === asked)
  if (resource === undefined) throw unknownResource()
  const { params } = oidc
  if (params !== undefined && params['grant_type'] === 'client_credentials') {
    const workspace = requestState().client?.workspace ?? null
    if (workspace === null || !isOpenTo(resource, workspace)) throw unknownResource()
    params['scope'] ??= resource.scopes.join(' ') || undefined
  }
  // A client that acts for itself is no person.
  const person = params?.['grant_type'] === 'client_credentials' ? [] : ['openid', 'email']
  return {
    scope: [...resource.scopes, ...person].join(' '),
    audience: resource.resource,
    accessTokenTTL: accessSeconds,
    accessTokenFormat: 'jwt' as const,
    jwt: { sign: { alg: 'ES256' as const } },
  }
}

function unknownResource(): Error {
  requestState().reason = 'unknown_resource'
  return new errors.InvalidTarget('no such resource is served here, or one must be named')
}
