import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import type { CryptoKey, JWTPayload } from 'jose'
import { Provider } from 'oidc-provider'
import type { Adapter, AdapterPayload, Configuration } from 'oidc-provider'
import { startFaultyServer } from './peer-server.ts'
import type { PeerServer } from './peer-server.ts'
import { hidden } from './plain-oauth-peer.ts'

/** Somebody the provider knows; `sub` is the account's id. */
export interface OidcPerson {
  readonly login: string
  readonly claims: Readonly<Record<string, unknown>> & { readonly sub: string }
}

export interface OidcPeerOptions {
  /** Whose paths and claims it has. */
  readonly shape: 'oidc' | 'gitlab' | 'microsoft'
  readonly people: readonly OidcPerson[]
  readonly redirectUri: string
  /** Microsoft: the directory's id. */
  readonly tenant?: string
  /** How the client shows who it is, which is also all that discovery offers. */
  readonly clientAuth?: 'client_secret_basic' | 'client_secret_post'
}

/** Makes an ID token of the claims of the true one. */
export type Forge = (claims: JWTPayload, key: CryptoKey, kid: string) => string | Promise<string>

/** A real OpenID provider: `oidc-provider` on a free loopback port, whose ID tokens a test may forge. */
export interface OidcPeer extends PeerServer {
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret: string
  forge: Forge | null
  /** Changes the discovery document. */
  rewrite: ((metadata: Record<string, unknown>) => Record<string, unknown>) | null
}

const kid = 'peer-key'

export async function startOidcPeer(options: OidcPeerOptions): Promise<OidcPeer> {
  const { shape, people, redirectUri, tenant = randomUUID() } = options
  const clientId = `client-${randomUUID()}`
  const clientSecret = `secret+/=&${randomUUID()}`
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' }
  // The provider needs the port in its issuer, and so begins to answer only once it listens.
  let listen: (request: IncomingMessage, response: ServerResponse) => void = () => {}
  const server = await startFaultyServer((request, response) => listen(request, response))
  const mount = shape === 'microsoft' ? `/${tenant}/v2.0` : ''
  const issuer = `${server.url}${mount}`
  const peer: OidcPeer = { ...server, issuer, clientId, clientSecret, forge: null, rewrite: null }

  const provider = new Provider(issuer, configurationOf())
  provider.on('server_error', (_, error) => server.complaints.push(String(error.stack)))
  provider.use(async (ctx, next) => {
    await next()
    const body = ctx.body as Record<string, unknown> | undefined
    const idToken = body?.['id_token']
    if (peer.forge !== null && typeof idToken === 'string')
      ctx.body = { ...body, id_token: await peer.forge(decodeJwt(idToken), privateKey, kid) }
    if (peer.rewrite !== null && ctx.path === '/.well-known/openid-configuration')
      ctx.body = peer.rewrite({ ...body })
  })
  const answer = provider.callback()
  listen = (request, response) => {
    const url = request.url ?? '/'
    if (!url.startsWith(`${mount}/`)) return void response.writeHead(404).end()
    Object.assign(request, { originalUrl: url, url: url.slice(mount.length) })
    if (url.slice(mount.length).startsWith('/interaction/')) return void interact(request, response)
    return void answer(request, response)
  }
  return peer

  function configurationOf(): Configuration {
    const method = options.clientAuth ?? 'client_secret_post'
    return {
      adapter: createAdapters(),
      clients: [
        {
          client_id: clientId,
          client_secret: clientSecret,
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: method,
          id_token_signed_response_alg: 'ES256',
        },
      ],
      clientAuthMethods: [method],
      jwks: { keys: [jwk] },
      ttl: {
        Interaction: 600,
        Grant: 600,
        Session: 600,
        AuthorizationCode: 60,
        AccessToken: 600,
        IdToken: 600,
      },
      cookies: { keys: [randomUUID()] },
      pkce: { required: () => true },
      features: { devInteractions: { enabled: false } },
      interactions: { url: (_, { uid }) => `${mount}/interaction/${uid}` },
      claims: {
        openid: ['sub', 'oid', 'tid'],
        email: ['email', 'email_verified', 'xms_edov'],
        profile: ['name'],
      },
      // As the two do: Microsoft and GitLab put the address into the ID token, others only say it when asked.
      conformIdTokenClaims: shape === 'oidc',
      ...(shape === 'gitlab'
        ? {
            routes: {
              authorization: '/oauth/authorize',
              token: '/oauth/token',
              userinfo: '/oauth/userinfo',
              jwks: '/oauth/discovery/keys',
            },
          }
        : {}),
      findAccount(_, id) {
        const person = people.find(({ claims }) => claims.sub === id)
        return person === undefined ? undefined : { accountId: id, claims: () => ({ ...person.claims }) }
      },
    }
  }

  /** One page: who are you? Any known login is believed, and consents; anybody else has said no. */
  async function interact(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      const form = `${hidden('asked', 'once')}<input name="login"><button>Sign in</button>`
      const action = `${mount}${request.url ?? ''}`
      response.writeHead(200, { 'Content-Type': 'text/html' })
      return void response.end(`<form method="post" action="${action}">${form}</form>`)
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const login = new URLSearchParams(Buffer.concat(chunks).toString()).get('login')
    const person = people.find((one) => one.login === login)
    if (person === undefined) {
      const denied = { error: 'access_denied', error_description: 'evil words of the provider' }
      return provider.interactionFinished(request, response, denied)
    }
    const { params } = await provider.interactionDetails(request, response)
    const grant = new provider.Grant({ accountId: person.claims.sub, clientId })
    grant.addOIDCScope(String(params['scope']))
    const result = { login: { accountId: person.claims.sub }, consent: { grantId: await grant.save() } }
    return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
  }
}

/** What the provider keeps, for as long as the test runs. */
function createAdapters(): (kind: string) => Adapter {
  const rows = new Map<string, AdapterPayload>()
  const find = (is: (payload: AdapterPayload) => boolean) => Promise.resolve([...rows.values()].find(is))
  return (kind) => ({
    async upsert(id, payload) {
      rows.set(`${kind} ${id}`, payload)
    },
    find: (id) => Promise.resolve(rows.get(`${kind} ${id}`)),
    findByUid: (uid) => find((payload) => payload.uid === uid),
    findByUserCode: (userCode) => find((payload) => payload.userCode === userCode),
    async consume(id) {
      const row = rows.get(`${kind} ${id}`)
      if (row !== undefined) row.consumed = 1
    },
    async destroy(id) {
      rows.delete(`${kind} ${id}`)
    },
    async revokeByGrantId(grantId) {
      for (const [key, { grantId: other }] of rows) if (other === grantId) rows.delete(key)
    },
  })
}
