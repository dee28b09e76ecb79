import { SignJWT, UnsecuredJWT, generateKeyPair } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { startOidcPeer } from '../support/oidc-peer.ts'
import type { Forge, OidcPeer, OidcPeerOptions } from '../support/oidc-peer.ts'
import { openPeerBrowser } from '../support/peer-browser.ts'
import { callbackOf, newState, redirectOf, signInBy } from '../support/remote-sign-in.ts'

const tenant = '7b1f3a52-0c5e-4d9e-9d1f-2f6a4f2f9b10'
const oid = '00000000-aaaa-4bbb-8ccc-0123456789ab'

const people = [
  { login: 'ada', claims: { sub: 'u-1', email: 'ada@example.com', email_verified: true } },
  { login: 'bob', claims: { sub: 'u-2', email: 'bob@example.com', email_verified: false } },
  { login: 'eve', claims: { sub: 'u-3' } },
  { login: 'cog', claims: { sub: 'u-4', email: 'cog@example.com', email_verified: 'true' } },
]

const peers: OidcPeer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

async function startPeer(options: Partial<OidcPeerOptions> = {}): Promise<OidcPeer> {
  const shape = options.shape ?? 'oidc'
  const peer = await startOidcPeer({ shape, people, redirectUri: callbackOf(shape), tenant, ...options })
  peers.push(peer)
  return peer
}

function oidcAt({ issuer, clientId, clientSecret }: OidcPeer) {
  return redirectOf({ providers: ['oidc'], oidc: { issuer, clientId, clientSecret, label: 'Acme' } })
}

describe('oidc', () => {
  it('auth 17: signs a person in by discovery, code and ID token, and tells issuer and subject', async () => {
    const peer = await startPeer()
    const provider = oidcAt(peer)
    expect(provider).toMatchObject({ name: 'oidc', label: 'Acme' })
    expect(await signInBy(provider, 'ada')).toStrictEqual({
      vouched: {
        provider: 'oidc',
        issuer: peer.issuer,
        subject: 'u-1',
        email: 'ada@example.com',
        emailVerified: true,
      },
    })
  })

  it('asks for code, PKCE S256, state and nonce, and for nothing twice', async () => {
    const peer = await startPeer()
    const state = newState('oidc')
    const page = await oidcAt(peer).begin(state)
    expect(page.origin + page.pathname).toBe(`${peer.issuer}/auth`)
    expect(Object.fromEntries(page.searchParams)).toMatchObject({
      response_type: 'code',
      scope: 'openid profile email',
      redirect_uri: state.redirectUri,
      state: state.state,
      nonce: state.nonce,
      code_challenge_method: 'S256',
    })
    expect(page.href).not.toContain(state.codeVerifier)
  })

  it('asks for the configured scopes, openid always among them', async () => {
    const { issuer, clientId, clientSecret } = await startPeer()
    const section = { issuer, clientId, clientSecret, scopes: ['email', 'openid'] }
    const page = await redirectOf({ providers: ['oidc'], oidc: section }).begin(newState('oidc'))
    expect(page.searchParams.get('scope')).toBe('openid email')
  })

  it.each([
    ['bob', { subject: 'u-2', email: 'bob@example.com', emailVerified: false }],
    ['eve', { subject: 'u-3', email: null, emailVerified: false }],
    ['cog', { subject: 'u-4', email: 'cog@example.com', emailVerified: true }],
  ])('tells of %s only what the provider says', async (login, vouched) => {
    expect(await signInBy(oidcAt(await startPeer()), login)).toMatchObject({ vouched })
  })

  it.each(['client_secret_basic', 'client_secret_post'] as const)(
    'shows its secret by %s where the provider wants that',
    async (clientAuth) => {
      const peer = await startPeer({ clientAuth })
      expect(await signInBy(oidcAt(peer), 'ada')).toHaveProperty('vouched')
    },
  )

  it('asks for the discovery document and the keys once in an hour', async () => {
    const peer = await startPeer()
    const provider = oidcAt(peer)
    await signInBy(provider, 'ada')
    await signInBy(provider, 'bob')
    const count = (path: string) => peer.asked.filter((line) => line === `GET ${path}`).length
    expect([count('/.well-known/openid-configuration'), count('/jwks'), count('/me')]).toStrictEqual([
      1, 1, 2,
    ])
  })

  it('T17: refuses an answer without the state, with another, or with two', async () => {
    const provider = oidcAt(await startPeer())
    const change = (edit: (query: URLSearchParams) => void) => ({
      callback(url: URL) {
        edit(url.searchParams)
        return url
      },
    })
    const refused = { refused: expect.any(String) as unknown }
    expect(
      await signInBy(
        provider,
        'ada',
        change((query) => query.delete('state')),
      ),
    ).toStrictEqual(refused)
    expect(
      await signInBy(
        provider,
        'ada',
        change((query) => query.set('state', 'x')),
      ),
    ).toStrictEqual(refused)
    expect(
      await signInBy(
        provider,
        'ada',
        change((query) => query.append('state', 'x')),
      ),
    ).toStrictEqual(refused)
  })

  it('refuses an answer of another issuer, or without the promised iss (RFC 9207)', async () => {
    const peer = await startPeer()
    const provider = oidcAt(peer)
    const asked = peer.asked.length
    for (const edit of [
      (query: URLSearchParams) => query.delete('iss'),
      (query: URLSearchParams) => query.set('iss', 'https://evil.example'),
    ]) {
      const verdict = await signInBy(provider, 'ada', {
        callback(url) {
          edit(url.searchParams)
          return url
        },
      })
      expect(verdict).toStrictEqual({ refused: 'its answer failed a check (OAUTH_INVALID_RESPONSE)' })
    }
    expect(peer.asked.slice(asked)).not.toContain('POST /token')
  })

  it('takes a no of the person for a refusal, without the words of the provider', async () => {
    const provider = oidcAt(await startPeer())
    expect(await signInBy(provider, 'nobody')).toStrictEqual({ refused: 'it answered access_denied' })
    const callback = (url: URL) => {
      url.searchParams.delete('code')
      url.searchParams.set('error', '<script>alert(1)</script>')
      return url
    }
    const odd = await signInBy(provider, 'ada', { callback })
    expect(odd).toStrictEqual({ refused: 'it answered with an error that is not registered' })
  })

  it('redeems a code once, and only with its own verifier', async () => {
    const provider = oidcAt(await startPeer())
    const state = newState('oidc')
    const page = await provider.begin(state)
    const back = await openPeerBrowser().signIn(page, 'ada', state.redirectUri)
    expect(await provider.finish(back, state)).toHaveProperty('vouched')
    expect(await provider.finish(back, state)).toStrictEqual({ refused: 'it answered invalid_grant' })
    const other = (given: ReturnType<typeof newState>) => ({
      ...given,
      codeVerifier: newState('oidc').codeVerifier,
    })
    expect(await signInBy(provider, 'ada', { state: other })).toStrictEqual({
      refused: 'it answered invalid_grant',
    })
  })

  it('refuses an ID token for another nonce: a code injected from another sign-in', async () => {
    const provider = oidcAt(await startPeer())
    const state = (given: ReturnType<typeof newState>) => ({ ...given, nonce: newState('oidc').nonce })
    expect(await signInBy(provider, 'ada', { state })).toStrictEqual({
      refused: 'its answer failed a check (OAUTH_JWT_CLAIM_COMPARISON_FAILED)',
    })
  })

  const sign: Forge = (claims, key, kid) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'ES256', kid }).sign(key)
  const without = (name: string, claims: object) =>
    Object.fromEntries(Object.entries(claims).filter(([other]) => other !== name))
  const hourAgo = Math.floor(Date.now() / 1000) - 3600
  const forgeries: readonly (readonly [string, Forge, boolean])[] = [
    ['as it is', sign, true],
    ['unsigned', (claims) => new UnsecuredJWT(claims).encode(), false],
    [
      'signed by another key',
      async (claims, _, kid) => sign(claims, (await generateKeyPair('ES256')).privateKey, kid),
      false,
    ],
    [
      'signed with our own secret',
      (claims) =>
        new SignJWT(claims)
          .setProtectedHeader({ alg: 'HS256' })
          .sign(Buffer.from(peers[0]?.clientSecret ?? '')),
      false,
    ],
    ['for another client', (claims, ...by) => sign({ ...claims, aud: 'somebody-else' }, ...by), false],
    [
      'for several clients, made for another',
      (claims, ...by) => sign({ ...claims, aud: [String(claims.aud), 'b'], azp: 'b' }, ...by),
      false,
    ],
    ['of another issuer', (claims, ...by) => sign({ ...claims, iss: 'https://evil.example' }, ...by), false],
    ['expired', (claims, ...by) => sign({ ...claims, iat: hourAgo, exp: hourAgo + 60 }, ...by), false],
    ['without an end', (claims, ...by) => sign(without('exp', claims), ...by), false],
    ['about nobody', (claims, ...by) => sign(without('sub', claims), ...by), false],
    ['without a nonce', (claims, ...by) => sign(without('nonce', claims), ...by), false],
    ['about another than userinfo', (claims, ...by) => sign({ ...claims, sub: 'u-9' }, ...by), false],
  ]
  it.each(forgeries)('judges an ID token %s', async (_, forge, good) => {
    const peer = await startPeer()
    peer.forge = forge
    const verdict = await signInBy(oidcAt(peer), 'ada')
    if (good) expect(verdict).toMatchObject({ vouched: { subject: 'u-1' } })
    else expect(verdict).toStrictEqual({ refused: expect.stringContaining('failed a check') as unknown })
  })

  it('takes an ID token that cannot be read for a fault of the provider', async () => {
    const peer = await startPeer()
    peer.forge = () => 'no.token.here'
    const unavailable = 'its answer cannot be read (OAUTH_PARSE_ERROR)'
    expect(await signInBy(oidcAt(peer), 'ada')).toStrictEqual({ unavailable })
  })

  it('says that our own secret is wrong, not that the person is', async () => {
    const { issuer, clientId } = await startPeer()
    const oidc = { issuer, clientId, clientSecret: 'not the secret' }
    const verdict = await signInBy(redirectOf({ providers: ['oidc'], oidc }), 'ada')
    expect(verdict).toStrictEqual({ unavailable: expect.any(String) as unknown })
  })

  it.each([
    ['of another issuer', { issuer: 'https://evil.example' }],
    ['with a sign-in page on plain http', { authorization_endpoint: 'http://evil.example/auth' }],
    ['with a script for a sign-in page', { authorization_endpoint: 'javascript:alert(1)' }],
    ['without a sign-in page', { authorization_endpoint: undefined }],
  ])('begins nothing by a discovery document %s', async (_, change) => {
    const peer = await startPeer()
    peer.rewrite = (metadata) => ({ ...metadata, ...change })
    await expect(oidcAt(peer).begin(newState('oidc'))).rejects.toMatchObject({
      code: 'provider_unavailable',
      status: 503,
    })
  })

  it('sends no code to a token endpoint on plain http', async () => {
    const peer = await startPeer()
    peer.rewrite = (metadata) => ({ ...metadata, token_endpoint: 'http://evil.example/token' })
    expect(await signInBy(oidcAt(peer), 'ada')).toStrictEqual({
      unavailable: 'Acme names a URL that is not https',
    })
  })
})

describe('gitlab', () => {
  it('auth 17: signs a person in at an instance of its own', async () => {
    const peer = await startPeer({ shape: 'gitlab' })
    const { clientId, clientSecret } = peer
    const gitlab = { url: `${peer.url}/`, clientId, clientSecret }
    const provider = redirectOf({ providers: ['gitlab'], gitlab })
    expect(provider.label).toBe('GitLab')
    expect(await signInBy(provider, 'ada')).toStrictEqual({
      vouched: {
        provider: 'gitlab',
        issuer: peer.url,
        subject: 'u-1',
        email: 'ada@example.com',
        emailVerified: true,
      },
    })
    expect(peer.asked).toContain('POST /oauth/token')
    expect(peer.asked).not.toContain('GET /oauth/userinfo')
  })
})

describe('microsoft', () => {
  const person = (more: Readonly<Record<string, unknown>>) => [
    { login: 'ada', claims: { sub: 'pairwise-1', oid, tid: tenant, email: 'ada@example.com', ...more } },
  ]
  function microsoftAt({ url, clientId, clientSecret }: OidcPeer) {
    const microsoft = { url, tenant: tenant.toUpperCase(), clientId, clientSecret }
    return redirectOf({ providers: ['microsoft'], microsoft })
  }

  it('auth 17: knows a person by directory and object id, not by the subject for this client', async () => {
    const peer = await startPeer({ shape: 'microsoft', people: person({}) })
    expect(peer.issuer).toBe(`${peer.url}/${tenant}/v2.0`)
    expect(await signInBy(microsoftAt(peer), 'ada')).toStrictEqual({
      vouched: {
        provider: 'microsoft',
        issuer: peer.issuer,
        subject: oid,
        email: 'ada@example.com',
        emailVerified: false,
      },
    })
  })

  it.each([
    [{ xms_edov: true }, true],
    [{ xms_edov: '1' }, true],
    [{ xms_edov: false }, false],
    [{ email_verified: true }, false],
  ])('believes an address by the verified domain only: %j', async (claims, emailVerified) => {
    const peer = await startPeer({ shape: 'microsoft', people: person(claims) })
    expect(await signInBy(microsoftAt(peer), 'ada')).toMatchObject({ vouched: { emailVerified } })
  })

  it.each([
    ['another directory', { tid: '00000000-0000-4000-8000-000000000000' }],
    ['no directory', { tid: undefined }],
    ['no object id', { oid: undefined }],
  ])('refuses an ID token of %s', async (_, claims) => {
    const peer = await startPeer({ shape: 'microsoft', people: person(claims) })
    expect(await signInBy(microsoftAt(peer), 'ada')).toStrictEqual({
      refused: 'its ID token does not say who this is',
    })
  })

  it.each(['{tenantid}', 'common', '00000000-0000-4000-8000-000000000000'])(
    'takes no discovery document of the real service that is for %s',
    async (directory) => {
      // The library makes an exception for that one host, which only its own name can bring about.
      const url = 'https://login.microsoftonline.com'
      const page = `${url}/${tenant}/oauth2/v2.0/authorize`
      const metadata = (name: string) => ({ issuer: `${url}/${name}/v2.0`, authorization_endpoint: page })
      const microsoft = { tenant, clientId: 'id', clientSecret: 'secret' }
      const at = (name: string) =>
        redirectOf(
          { providers: ['microsoft'], microsoft },
          { fetch: () => Promise.resolve(Response.json(metadata(name))) },
        )
      await expect(at(directory).begin(newState('microsoft'))).rejects.toMatchObject({
        detail: 'Microsoft has a discovery document of another issuer',
      })
      expect((await at(tenant).begin(newState('microsoft'))).href).toContain(`${page}?`)
    },
  )
})
