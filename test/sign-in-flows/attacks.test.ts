import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { basic, OauthCaller, redirectUri, tokensOf } from '../support/oauth-caller.ts'
import type { OauthAnswer, RegisteredClient, Tokens } from '../support/oauth-caller.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'

let upstream: RecordingUpstream
let gateway: TestGateway
let oauth: OauthCaller
let ada: Person & { readonly userId: string }

const settings = { limits: { enabled: false } }

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  gateway = await startGateway({
    upstreams: [
      { name: 'code', url: upstream.url, default: true, scopes: ['code:read'] },
      { name: 'other', url: upstream.url },
    ],
    settings,
  })
  upstream.trust(gateway.url)
  oauth = new OauthCaller(gateway.url)
  ada = await meet(gateway, 'ada@example.com')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

type Surface = 'mcp' | 'oauth'

/** How often a reason was counted while something ran. */
async function countedOf(reason: string, surface: Surface, attack: () => Promise<void>): Promise<number> {
  const series = `sallyport_auth_rejected_total{reason="${reason}",surface="${surface}"}`
  const before = await seriesValue(gateway.port, series)
  await attack()
  return (await seriesValue(gateway.port, series)) - before
}

/** A code of the person's for a client, and what redeems it. */
async function codeFor(client: Pick<RegisteredClient, 'id'>, more: Record<string, string | null> = {}) {
  const begun = oauth.begin(client.id, more)
  const back = await ada.authorize(begun.url)
  return { code: back.searchParams.get('code') ?? '', verifier: begun.verifier, back }
}

const errorOf = ({ status, body }: OauthAnswer) => [status, body['error']]

describe.each(['none', 'client_secret_basic'])('T17: PKCE, of a client with %s', (method) => {
  it.each([
    ['missing', { code_challenge: null, code_challenge_method: null }],
    ['plain', { code_challenge_method: 'plain' }],
    ['of no method', { code_challenge_method: null }],
    ['of another method', { code_challenge_method: 'S512' }],
  ])('%s, is refused at once', async (_, params) => {
    const client = await oauth.register({ token_endpoint_auth_method: method })
    const counted = await countedOf('pkce_failed', 'oauth', async () => {
      const { away } = await ada.follow(oauth.begin(client.id, params).url)
      expect(away?.href.startsWith(`${redirectUri}?`)).toBe(true)
      expect(Object.fromEntries(away?.searchParams ?? [])).toMatchObject({
        error: 'invalid_request',
        iss: gateway.url,
      })
    })
    expect(counted).toBe(1)
  })

  it('a wrong verifier and none redeem nothing', async () => {
    const client = await oauth.register({ token_endpoint_auth_method: method })
    const shown = client.secret === null ? {} : basic(client.id, client.secret)
    const { code, verifier } = await codeFor(client)
    const counted = await countedOf('pkce_failed', 'oauth', async () => {
      for (const wrong of ['x'.repeat(43), createHash('sha256').update(verifier).digest('base64url')])
        expect(errorOf(await oauth.redeem(client, code, wrong, {}, shown))).toEqual([400, 'invalid_grant'])
      const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, client_id: client.id }
      expect((await oauth.post('/oauth/token', form, shown)).status).toBe(400)
    })
    expect(counted).toBe(3)
  })
})

describe('auth 10, T17: redirects', () => {
  const registered = 'https://app.example/callback'
  const variations = [
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://app.example/Callback',
    'https://app.example/callback/../callback',
    'https://app.example/%63allback',
    'https://app.example:443/callback',
    'https://APP.example/callback',
    'https://app.example.evil.example/callback',
    'https://evil.example/callback',
    'https://app.example@evil.example/callback',
    'https://app.example\\@evil.example/callback',
    'https://evil.example#@app.example/callback',
    'http://app.example/callback',
    '//evil.example/callback',
    'javascript:alert(1)',
    'http://127.0.0.1.evil.example/client/callback',
    'http://localhost/client/callback',
    'http://127.0.0.1:6274/client/callback/../steal',
    'http://127.0.0.1:6274@evil.example/client/callback',
  ]

  it('no variation of a registered one is answered by a redirect, whatever else is wrong', async () => {
    const client = await oauth.register({ redirect_uris: [registered, redirectUri] })
    const counted = await countedOf('redirect_mismatch', 'oauth', async () => {
      for (const wrong of variations) {
        const { away, last } = await ada.follow(oauth.begin(client.id, { redirect_uri: wrong }).url)
        expect([wrong, away, last.status, last.headers.get('location')]).toEqual([wrong, null, 400, null])
        expect(last.text).not.toContain('evil.example')
      }
    })
    expect(counted).toBe(variations.length)
    for (const more of [{ response_type: 'token' }, { prompt: 'none' }, { resource: 'https://x.example' }]) {
      const { away } = await ada.follow(
        oauth.begin(client.id, { redirect_uri: 'https://evil.example/', ...more }).url,
      )
      expect(away).toBeNull()
    }
  })

  it('a code is redeemed with the redirect URI it was sent to, and no other', async () => {
    const client = await oauth.register({ redirect_uris: [registered, redirectUri] })
    const { code, verifier } = await codeFor(client)
    const counted = await countedOf('redirect_mismatch', 'oauth', async () => {
      const wrong = { redirect_uri: registered }
      expect(errorOf(await oauth.redeem(client, code, verifier, wrong))).toEqual([400, 'invalid_grant'])
    })
    expect(counted).toBe(1)
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example/', '/login/../..//evil.example'])(
    'sign-in leads nowhere else: next=%s',
    async (next) => {
      const { browser, email } = await meet(gateway, `next-${randomUUID()}@example.com`)
      const page = `/login?next=${encodeURIComponent(next)}`
      const { status, headers } = await browser.signIn(email, 'a horse and a staple', {}, page)
      expect([status, new URL(headers.get('location') ?? '', gateway.url).href]).toEqual([
        303,
        `${gateway.url}/account`,
      ])
    },
  )
})

describe('auth 12: code injection and client authentication', () => {
  it('a code of one client is worth nothing to another (code injection)', async () => {
    const [one, two] = [await oauth.register(), await oauth.register()]
    const { code, verifier } = await codeFor(one)
    const counted = await countedOf('bad_client_auth', 'oauth', async () => {
      expect(errorOf(await oauth.redeem(two, code, verifier))).toEqual([400, 'invalid_grant'])
    })
    expect(counted).toBe(1)
  })

  it('a refresh token of one client is worth nothing to another', async () => {
    const [one, two] = [await oauth.register(), await oauth.register()]
    const { refresh } = await oauth.connect(ada, one)
    const counted = await countedOf('bad_client_auth', 'oauth', async () => {
      expect(errorOf(await oauth.refresh(two, refresh))).toEqual([400, 'invalid_grant'])
    })
    expect(counted).toBe(1)
    expect((await oauth.refresh(one, refresh)).status).toBe(200)
  })

  it('a wrong secret and none are refused, on every endpoint and every grant', async () => {
    const client = await oauth.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const { code, verifier } = await codeFor(client)
    const wrong = [basic(client.id, 'x'.repeat(43)), {}]
    const counted = await countedOf('bad_client_auth', 'oauth', async () => {
      for (const headers of wrong) {
        const client_id = client.id
        const asked = [
          await oauth.redeem(client, code, verifier, {}, headers),
          await oauth.post(
            '/oauth/token',
            { grant_type: 'refresh_token', refresh_token: 'x', client_id },
            headers,
          ),
          await oauth.post('/oauth/device_authorization', { client_id }, headers),
          await oauth.post('/oauth/introspect', { token: 'x', client_id }, headers),
          await oauth.post('/oauth/revoke', { token: 'x', client_id }, headers),
        ]
        expect(asked.map(errorOf)).toEqual(asked.map(() => [401, 'invalid_client']))
      }
    })
    expect(counted).toBe(10)
  })

  it('a code that comes back is `code_replayed`, and ends what came of it', async () => {
    const client = await oauth.register()
    const { code, verifier } = await codeFor(client)
    const { access } = tokensOf((await oauth.redeem(client, code, verifier)).body)
    const counted = await countedOf('code_replayed', 'oauth', async () => {
      expect(errorOf(await oauth.redeem(client, code, verifier))).toEqual([400, 'invalid_grant'])
    })
    expect(counted).toBe(1)
    expect((await ask(gateway.port, { key: access })).status).toBe(401)
  })

  it('an assertion of private_key_jwt is taken once, for this issuer, in time, of the right key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' }] }
    const client = await oauth.register({ token_endpoint_auth_method: 'private_key_jwt', jwks })
    const { privateKey: stranger } = await generateKeyPair('ES256')
    const now = Math.floor(Date.now() / 1000)
    const sign = (more: object, key = privateKey) =>
      new SignJWT({
        iss: client.id,
        sub: client.id,
        aud: gateway.url,
        jti: randomUUID(),
        iat: now,
        exp: now + 60,
        ...more,
      })
        .setProtectedHeader({ alg: 'ES256', kid: 'one' })
        .sign(key)
    const present = (assertion: string) =>
      oauth.post('/oauth/device_authorization', {
        client_id: client.id,
        client_assertion: assertion,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      })
    const good = await sign({})
    expect((await present(good)).status).toBe(200)
    const replayed = await countedOf('replayed_assertion', 'oauth', async () => {
      expect(errorOf(await present(good))).toEqual([401, 'invalid_client'])
    })
    expect(replayed).toBe(1)
    const wrong = [
      await sign({ aud: 'https://other.example' }),
      await sign({ iss: 'somebody' }),
      await sign({ exp: now - 120, iat: now - 180 }),
      await sign({}, stranger),
      unsigned(good),
    ]
    const refused = await countedOf('bad_client_auth', 'oauth', async () => {
      for (const assertion of wrong)
        expect(errorOf(await present(assertion))).toEqual([401, 'invalid_client'])
    })
    expect(refused).toBe(wrong.length)
  })

  it('auth 11: a resource that is not served here is `unknown_resource`', async () => {
    const client = await oauth.register()
    const counted = await countedOf('unknown_resource', 'oauth', async () => {
      for (const resource of ['https://evil.example/mcp', `${gateway.url}/mcp/nothing`, gateway.url]) {
        const { away } = await ada.follow(oauth.begin(client.id, { resource }).url)
        expect(away?.searchParams.get('error')).toBe('invalid_target')
      }
    })
    expect(counted).toBe(3)
  })
})

describe('auth 4, 14: tokens that are for something else', () => {
  let tokens: Tokens
  let idToken: string
  beforeAll(async () => {
    const client = await oauth.register()
    const { code, verifier } = await codeFor(client)
    const { body } = await oauth.redeem(client, code, verifier)
    idToken = String(body['id_token'])
    tokens = { ...(await oauth.connect(ada, client)), ...tokensOf(body) }
  })

  const refusedFor = async (token: string, path = '/mcp') => {
    let reason: string | null = null
    const attack = async () => {
      const answer = await ask(gateway.port, { key: token, path })
      expect(answer.status).toBe(401)
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
      reason = reasonOf(answer)
    }
    const series = (which: string) => countedOf(which, 'mcp', attack)
    await attack()
    expect(await series(reason ?? '')).toBe(1)
    return reason
  }

  it('of another audience', async () => {
    expect((await ask(gateway.port, { key: tokens.access })).status).toBe(200)
    expect(await refusedFor(tokens.access, '/mcp/other')).toBe('wrong_audience')
  })

  it('T49: of another type: an ID token, a refresh token, a code, our own assertion', async () => {
    upstream.calls.length = 0
    await ask(gateway.port, { key: tokens.access })
    const [call] = upstream.calls
    const assertion = /^Bearer (.+)$/.exec(call?.headers.authorization ?? '')?.[1] ?? ''
    expect(decodeJwt(assertion).sub).toBe(ada.userId)
    for (const token of [idToken, tokens.refresh, tokens.code, assertion])
      expect(await refusedFor(token)).toMatch(/^(?:malformed_token|wrong_audience|unknown_issuer)$/)
  })

  it('algorithm confusion: none, HMAC with what is public, a key of their own', async () => {
    const [, payload = ''] = tokens.access.split('.')
    const header = decodeProtectedHeader(tokens.access)
    const jwks = await (await fetch(`${gateway.url}/.well-known/jwks.json`)).text()
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const hmac = (secret: string) => {
      const input = `${encode({ ...header, alg: 'HS256' })}.${payload}`
      return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
    }
    expect(await refusedFor(`${encode({ ...header, alg: 'none' })}.${payload}.`)).toMatch(
      /^(?:bad_algorithm|malformed_token)$/,
    )
    expect(await refusedFor(hmac(jwks))).toBe('bad_algorithm')
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const forged = new SignJWT(decodeJwt(tokens.access))
    const jwk = await exportJWK(publicKey)
    expect(
      await refusedFor(await forged.setProtectedHeader({ ...header, alg: 'ES256', jwk }).sign(privateKey)),
    ).toBe('bad_signature')
  })

  it('userinfo takes access tokens alone, and introspection tells nothing of the rest', async () => {
    for (const token of [idToken, tokens.refresh, `${tokens.access}x`]) {
      const headers = { authorization: `Bearer ${token}` }
      expect((await oauth.send('/oauth/userinfo', { headers })).status).toBe(401)
    }
    const stranger = await oauth.register({ token_endpoint_auth_method: 'client_secret_basic' })
    const shown = basic(stranger.id, stranger.secret ?? '')
    for (const token of [tokens.access, tokens.refresh])
      expect((await oauth.post('/oauth/introspect', { token }, shown)).body).toEqual({ active: false })
  })
})

describe('auth 9: metadata documents that point inwards', () => {
  it.each([
    'https://127.0.0.1/client.json',
    'https://[::1]/client.json',
    'https://localhost/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:169.254.169.254]/client.json',
    'https://10.0.0.1/client.json',
    'https://192.168.0.1/client.json',
    'https://2130706433/client.json',
    'https://0.0.0.0/client.json',
  ])('%s is never asked for', async (id) => {
    const canary = await listening('127.0.0.1')
    try {
      const url = new URL(id)
      if (url.hostname === '127.0.0.1' || url.hostname === 'localhost') url.port = String(canary.port)
      let reasons = 0
      for (const reason of ['metadata_document_failed', 'unknown_client'])
        reasons += await countedOf(reason, 'oauth', async () => {
          const { away, last } = await ada.follow(oauth.begin(url.href).url)
          expect([away, last.status]).toEqual([null, 400])
        })
      expect(reasons).toBe(1)
      expect(canary.connections()).toBe(0)
    } finally {
      canary.close()
    }
  })
})

if (!hasOpenssl) reportSkippedSuite('redirects of metadata documents', 'openssl is missing')

describe.skipIf(!hasOpenssl)('auth 9: metadata documents that redirect inwards', () => {
  let documents: DocumentServer
  let own: TestGateway
  let canary: Canary
  let person: Person

  beforeAll(async () => {
    ;[documents, canary] = await Promise.all([startDocumentServer(), listening('127.0.0.2')])
    // Only the address of the document server is public here: all else of this machine is as inward as ever.
    own = await startGateway({
      upstreams: [{ name: 'code', url: upstream.url }],
      settings,
      reach: documents.reach,
    })
    person = await meet(own, 'ada@example.com')
  })
  afterAll(async () => {
    canary.close()
    await own.close()
    documents.close()
  })

  const inward = () => [
    `https://127.0.0.2:${canary.port}/`,
    `http://127.0.0.2:${canary.port}/`,
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
  ]

  it('are followed nowhere: the document', async () => {
    const caller = new OauthCaller(own.url)
    for (const [place, target] of inward().entries()) {
      const path = `/moved-${place}.json`
      documents.handle(path, (_, response) => void response.writeHead(302, { location: target }).end())
      const { away, last } = await person.follow(caller.begin(documents.url(path)).url)
      expect([target, away, last.status]).toEqual([target, null, 400])
    }
    const series = 'sallyport_auth_rejected_total{reason="metadata_document_failed",surface="oauth"}'
    expect(await seriesValue(own.port, series)).toBe(inward().length)
    expect(canary.connections()).toBe(0)
  })

  it('are followed nowhere: the keys it points at (jwks_uri), directly and by a redirect', async () => {
    const caller = new OauthCaller(own.url)
    const { privateKey } = await generateKeyPair('ES256')
    const now = Math.floor(Date.now() / 1000)
    const before = documents.asked.length
    for (const [place, target] of inward().entries()) {
      documents.handle(`/keys-${place}`, (_, response) => {
        response.writeHead(302, { location: target }).end()
      })
      const id = documents.url(`/app-${place}.json`)
      for (const jwks_uri of [documents.url(`/keys-${place}`), target]) {
        documents.serve(`/app-${place}.json`, {
          client_id: id,
          client_name: 'App',
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri,
        })
        const assertion = await new SignJWT({ jti: randomUUID(), iat: now, exp: now + 60 })
          .setProtectedHeader({ alg: 'ES256', kid: 'one' })
          .setIssuer(id)
          .setSubject(id)
          .setAudience(own.url)
          .sign(privateKey)
        const { status } = await caller.post('/oauth/token', {
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: redirectUri,
          code_verifier: 'x'.repeat(43),
          client_id: id,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        })
        expect([jwks_uri, status]).toEqual([jwks_uri, 401])
      }
    }
    expect(documents.asked.slice(before).filter((path) => path.startsWith('/keys-')).length).toBeGreaterThan(
      0,
    )
    expect(canary.connections()).toBe(0)
  })
})

interface Canary {
  readonly port: number
  connections(): number
  close(): void
}

/** Something inside that nobody outside may reach: it counts who tries. */
async function listening(host: string): Promise<Canary> {
  let connections = 0
  const server: Server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, connections: () => connections, close: () => void server.close() }
}

/** The same claims, signed by nobody. */
function unsigned(token: string): string {
  const [, payload = ''] = token.split('.')
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
}
