import { createHash, randomUUID } from 'node:crypto'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../support/asking.ts'
import { testPassword } from '../support/gateway.ts'
import { basic, redirectUri, tokensOf } from '../support/oauth-caller.ts'
import { meet } from '../support/person.ts'
import { errorOf, startAttackScene } from './attack-scene.ts'
import type { AttackScene } from './attack-scene.ts'

let scene: AttackScene
let gateway: AttackScene['gateway']
let oauth: AttackScene['oauth']
let ada: AttackScene['ada']
let countedOf: AttackScene['countedOf']
let codeFor: AttackScene['codeFor']
beforeAll(async () => {
  scene = await startAttackScene()
  ;({ gateway, oauth, ada, countedOf, codeFor } = scene)
})
afterAll(() => scene.close())

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
      const { status, headers } = await browser.signIn(email, testPassword, {}, page)
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

/** The same claims, signed by nobody. */
function unsigned(token: string): string {
  const [, payload = ''] = token.split('.')
  return `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`
}
