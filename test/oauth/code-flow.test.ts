import { decodeJwt, decodeProtectedHeader, exportJWK } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterEach, describe, expect, it } from 'vitest'
import {
  authorizationUrl,
  httpsRedirect,
  loopbackRedirect,
  obtain,
  post,
  refresh,
  registerClient,
} from './client.ts'
import type { Pending, TestClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const start = async (options: SceneOptions = {}) => {
  scene = await startScene(options)
  await scene.addUser('a')
  return scene
}
const asA = { signsInAs: 'usr_a' }

/** A code that has been issued, and what is needed to redeem it. */
async function codeFor(known: TestClient, more: Record<string, string | null> = {}) {
  const pending = await authorizationUrl(known, more)
  const { away } = await scene.browser().walk(pending.url, asA)
  return { ...pending, code: away?.searchParams.get('code') ?? '', away }
}

function redeem(known: TestClient, { code, verifier }: Pending & { code: string }, more = {}) {
  return post(scene, '/oauth/token', {
    grant_type: 'authorization_code',
    client_id: known.client.client_id,
    code,
    code_verifier: verifier,
    redirect_uri: known.redirectUri,
    ...more,
  })
}

describe('the code flow', () => {
  it('auth 14: signs a person in, asks for consent and issues a token of RFC 9068', async () => {
    await start()
    const known = await registerClient(scene)
    const { tokens, shown, signIns } = await obtain(scene, known, scene.browser(), {}, asA)
    expect(signIns).toBe(1)
    expect(shown).toStrictEqual([
      {
        client: { id: known.client.client_id, name: 'Test client', documentHost: null },
        redirectHost: 'this device',
        localOnly: true,
        scopes: ['code:read', 'code:write'],
        upstreams: ['code'],
        workspaces: ['default'],
        formAction: ['http://127.0.0.1:6274'],
      },
    ])
    expect(decodeProtectedHeader(tokens.access_token)).toStrictEqual({
      alg: 'ES256',
      typ: 'at+jwt',
      kid: scene.signing.currentId,
    })
    const now = Math.floor(scene.clock.now() / 1000)
    const claims = decodeJwt(tokens.access_token)
    const { iat = 0, exp = 0 } = claims
    expect(claims).toStrictEqual({
      iss: scene.issuer,
      sub: 'usr_a',
      aud: `${scene.issuer}/mcp`,
      exp: iat + 600,
      iat: expect.any(Number),
      jti: expect.stringMatching(/^[\w-]{43}$/),
      client_id: known.client.client_id,
      scope: 'code:read code:write',
      workspace: 'default',
      grant_id: expect.stringMatching(/^con_/),
    })
    expect(Math.abs(exp - 600 - now)).toBeLessThan(5)
    expect(tokens).toMatchObject({ token_type: 'bearer', expires_in: 600, scope: 'code:read code:write' })
    expect(tokens.refresh_token).toMatch(/^[\w-]{43}$/)
    expect(tokens.id_token).toBeUndefined()
    expect(scene.count('consent_granted', { flow: 'authorization_code' })).toBe(1)
    expect(scene.count('token_issued', { token_type: 'access', grant_type: 'authorization_code' })).toBe(1)
    expect(scene.count('token_issued', { token_type: 'refresh', grant_type: 'authorization_code' })).toBe(1)
    expect(scene.refused).toStrictEqual([])
  })

  it('auth 8: names the issuer in every authorization response, success and error (RFC 9207)', async () => {
    await start()
    const known = await registerClient(scene)
    const good = await codeFor(known)
    expect(good.away?.searchParams.get('iss')).toBe(scene.issuer)
    const bad = await scene.browser().walk((await authorizationUrl(known, { prompt: 'none' })).url)
    expect(Object.fromEntries(bad.away?.searchParams ?? [])).toMatchObject({
      error: 'login_required',
      iss: scene.issuer,
    })
    const denied = await scene.browser().walk((await authorizationUrl(known)).url, { ...asA, deny: true })
    expect(Object.fromEntries(denied.away?.searchParams ?? [])).toMatchObject({
      error: 'access_denied',
      iss: scene.issuer,
    })
  })

  it('auth 8: nobody keeps a token or a code', async () => {
    await start()
    const known = await registerClient(scene)
    const answered = await redeem(known, await codeFor(known))
    expect(answered.headers.get('cache-control')).toBe('no-store')
    expect(answered.headers.get('x-request-id')).toBe('req_test')
    const redirected = await scene.browser().get((await authorizationUrl(known)).url)
    expect(redirected.headers.get('cache-control')).toBe('no-store')
  })

  it('gives an ID token to who asks for openid, signed by the same keys and of another type (T49)', async () => {
    await start()
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), { scope: 'openid email' }, asA)
    const token = tokens.id_token ?? ''
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', kid: scene.signing.currentId })
    expect(decodeProtectedHeader(token).typ).not.toBe('at+jwt')
    expect(decodeJwt(token)).toMatchObject({ sub: 'usr_a', aud: known.client.client_id })
    // Naming only the person names no scope of the resource: the default ones are granted.
    expect(decodeJwt(tokens.access_token)['scope']).toBe('openid email code:read code:write')
  })

  it('sets cookies that scripts and other sites cannot use, and none for the session of the library', async () => {
    await start()
    const known = await registerClient(scene)
    const browser = scene.browser()
    await browser.signIn('usr_a')
    const { headers } = await browser.get((await authorizationUrl(known)).url)
    const cookies = headers.getSetCookie()
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) expect(cookie).toMatch(/; samesite=lax; httponly/i)
    expect(cookies.map((cookie) => cookie.split('=')[0]).toSorted()).toStrictEqual([
      'sallyport_interaction',
      'sallyport_resume',
    ])
  })
})

describe('T17: PKCE', () => {
  it.each([
    ['missing', { code_challenge: null, code_challenge_method: null }],
    ['plain', { code_challenge_method: 'plain' }],
    ['of no method', { code_challenge_method: null }],
  ])('auth 8, 12: is refused when it is %s, of public and of confidential clients', async (_, params) => {
    await start()
    for (const method of ['none', 'client_secret_basic']) {
      const known = await registerClient(scene, { token_endpoint_auth_method: method })
      const { away } = await scene.browser().walk((await authorizationUrl(known, params)).url, asA)
      expect(away?.searchParams.get('error')).toBe('invalid_request')
    }
    expect(scene.refused).toStrictEqual(['pkce_failed', 'pkce_failed'])
  })

  it('auth 12: refuses a wrong verifier and none, and the code is still good for the right one', async () => {
    await start()
    const known = await registerClient(scene)
    const code = await codeFor(known)
    const wrong = await redeem(known, code, { code_verifier: 'x'.repeat(43) })
    expect([wrong.status, wrong.body['error']]).toStrictEqual([400, 'invalid_grant'])
    const none = await redeem(known, code, { code_verifier: '' })
    expect(none.body['error']).toBe('invalid_grant')
    expect(scene.refused).toStrictEqual(['pkce_failed', 'pkce_failed'])
    expect((await redeem(known, code)).status).toBe(200)
  })
})

describe('auth 10: redirects', () => {
  it('T17: a loopback redirect may have another port', async () => {
    await start()
    const known = await registerClient(scene)
    const other = { ...known, redirectUri: 'http://127.0.0.1:1/client/callback' }
    expect((await obtain(scene, other, scene.browser(), {}, asA)).away?.port).toBe('1')
  })

  it.each([
    ['another host', 'https://evil.example/client/callback'],
    ['another path', 'http://127.0.0.1:6274/client/other'],
    ['a longer path', `${loopbackRedirect}/more`],
    ['another query', `${loopbackRedirect}?x=1`],
    ['another loopback name', 'http://localhost:6274/client/callback'],
    ['a user name', 'http://127.0.0.1:6274@evil.example/client/callback'],
    ['a fragment', `${loopbackRedirect}#x`],
    ['another scheme', 'https://127.0.0.1:6274/client/callback'],
    ['upper case', 'HTTP://127.0.0.1:6274/client/callback'],
    ['a script', 'javascript:alert(1)'],
  ])('T17: %s gets a page and no redirect, whatever else is wrong', async (_, redirect) => {
    await start()
    const known = await registerClient(scene)
    for (const more of [{}, { response_type: 'token' }, { code_challenge: null }, { scope: '"' }]) {
      const { url } = await authorizationUrl(known, { redirect_uri: redirect, ...more })
      const { away, last } = await scene.browser().walk(url, asA)
      expect(away).toBeNull()
      expect(last.location).toBeNull()
      expect(last.status).toBe(400)
      expect(JSON.parse(last.text)).toMatchObject({ page: 'error', requestId: 'req_test' })
      expect(last.text).toContain('that is not registered for it')
      expect(last.text).not.toContain(redirect)
      expect(last.headers.get('content-security-policy')).toBe("default-src 'none'")
    }
    expect(scene.refused).toContain('redirect_mismatch')
  })

  it('an unknown client gets a page and no redirect', async () => {
    await start()
    const known = await registerClient(scene)
    const { url } = await authorizationUrl(known, { client_id: 'dyn_nobody' })
    const { away, last } = await scene.browser().walk(url)
    expect([away, last.location, last.status]).toStrictEqual([null, null, 400])
    expect(JSON.parse(last.text)).toMatchObject({ code: 'invalid_client' })
    expect(last.text).toContain('The client is not known here.')
    expect(last.text).not.toContain('dyn_nobody')
    expect(scene.refused).toStrictEqual(['unknown_client'])
  })

  it('answers by redirect alone: no form that sends itself, no fragment', async () => {
    await start()
    const known = await registerClient(scene)
    for (const mode of ['form_post', 'fragment', 'web_message', 'jwt']) {
      const { away } = await scene
        .browser()
        .walk((await authorizationUrl(known, { response_mode: mode })).url, asA)
      expect(away?.searchParams.get('error'), mode).toBe('unsupported_response_mode')
    }
  })

  it('a code is redeemed with the redirect URI it was sent to', async () => {
    await start()
    const known = await registerClient(scene, { redirect_uris: [loopbackRedirect, httpsRedirect] })
    const code = await codeFor(known)
    const answered = await redeem(known, code, { redirect_uri: httpsRedirect })
    expect(answered.body['error']).toBe('invalid_grant')
    expect(scene.refused).toStrictEqual(['redirect_mismatch'])
  })
})

describe('auth 12: an authorization code', () => {
  it('is used once; what came of it ends when it comes back (RFC 6749 section 4.1.2)', async () => {
    await start()
    const known = await registerClient(scene)
    const code = await codeFor(known)
    const first = await redeem(known, code)
    expect(first.status).toBe(200)
    const second = await redeem(known, code)
    expect([second.status, second.body['error']]).toStrictEqual([400, 'invalid_grant'])
    expect(scene.refused).toStrictEqual(['code_replayed'])
    expect(scene.count('token_revoked', { reason: 'replay' })).toBe(1)
    const { jti = '' } = decodeJwt(String(first.body['access_token']))
    expect(await scene.store.accessTokens.findForCall(jti)).toMatchObject({ revokedAt: expect.any(Number) })
    expect((await refresh(scene, known, String(first.body['refresh_token']))).body['error']).toBe(
      'invalid_grant',
    )
    // The consent stays: it was the code that was stolen, not the person's mind that was changed.
    expect(await scene.consents.list('usr_a')).toHaveLength(1)
  })

  it('has one success of two redemptions at once', async () => {
    await start()
    const known = await registerClient(scene)
    for (let round = 0; round < 10; round += 1) {
      const code = await codeFor(known)
      const answers = await Promise.all([redeem(known, code), redeem(known, code)])
      expect(answers.map(({ status }) => status).toSorted()).toStrictEqual([200, 400])
      expect(answers.find(({ status }) => status === 400)?.body['error']).toBe('invalid_grant')
    }
  })

  it('of one client is worth nothing to another (code injection)', async () => {
    await start()
    const [one, two] = [await registerClient(scene), await registerClient(scene)]
    const answered = await redeem(two, await codeFor(one))
    expect(answered.body['error']).toBe('invalid_grant')
  })

  it('ends after a minute', async () => {
    await start()
    const known = await registerClient(scene)
    const code = await codeFor(known)
    scene.clock.advance(61_000)
    expect((await redeem(known, code)).body['error']).toBe('invalid_grant')
  })

  it('is worth nothing once its person is disabled', async () => {
    await start()
    const known = await registerClient(scene)
    const code = await codeFor(known)
    await scene.store.users.setDisabled('usr_a', 1, 1, { kind: 'admin', id: null })
    expect((await redeem(known, code)).body['error']).toBe('invalid_grant')
    expect(scene.refused).toStrictEqual(['account_inactive'])
  })
})

describe('auth 12: client authentication', () => {
  it.each(['client_secret_basic', 'client_secret_post'])('by %s, right and wrong', async (method) => {
    await start()
    const known = await registerClient(scene, { token_endpoint_auth_method: method })
    const { tokens } = await obtain(scene, known, scene.browser(), {}, asA)
    expect(tokens.access_token).toBeDefined()
    const code = await codeFor(known)
    const id = known.client.client_id
    const basic = (secret: string) => ({
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    })
    const form = { grant_type: 'authorization_code', code: code.code, code_verifier: code.verifier }
    const params = { ...form, redirect_uri: known.redirectUri }
    const wrong =
      method === 'client_secret_basic'
        ? await post(scene, '/oauth/token', params, basic('wrong'))
        : await post(scene, '/oauth/token', { ...params, client_id: id, client_secret: 'wrong' })
    expect([wrong.status, wrong.body['error']]).toStrictEqual([401, 'invalid_client'])
    const none = await redeem(known, code)
    expect([none.status, none.body['error']]).toStrictEqual([401, 'invalid_client'])
    expect(scene.refused).toStrictEqual(['bad_client_auth', 'bad_client_auth'])
    const twice = await post(scene, '/oauth/token', { ...params, client_secret: 'x' }, basic('x'))
    expect(twice.body['error']).toBe('invalid_request')
  })

  it('by private_key_jwt; an assertion is taken once', async () => {
    await start()
    const { publicKey, privateKey } = await oauth.generateKeyPair('ES256', { extractable: true })
    const jwk = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256' }
    const known = await registerClient(scene, {
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [jwk] },
    })
    let assertion = ''
    const auth = oauth.PrivateKeyJwt({ key: privateKey, kid: 'k1' })
    const kept: oauth.ClientAuth = async (as, client, body, headers) => {
      await auth(as, client, body, headers)
      assertion = body.get('client_assertion') ?? ''
    }
    const { tokens } = await obtain(scene, { ...known, auth: kept }, scene.browser(), {}, asA)
    expect(tokens.access_token).toBeDefined()
    const again = await post(scene, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
      client_id: known.client.client_id,
      client_assertion: assertion,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    })
    expect([again.status, again.body['error']]).toStrictEqual([401, 'invalid_client'])
    expect(scene.refused).toStrictEqual(['replayed_assertion'])
  })

  it('of a client that is unknown, pending or switched off says which', async () => {
    await start({ approvalRequired: true })
    const known = await registerClient(scene)
    const id = known.client.client_id
    const pending = await refresh(scene, known, 'x')
    expect([pending.status, pending.body['error']]).toStrictEqual([401, 'invalid_client'])
    expect(pending.body['error_description']).toMatch(/not been approved/)
    const page = await scene.browser().walk((await authorizationUrl(known)).url)
    expect([page.away, page.last.status]).toStrictEqual([null, 401])
    expect(page.last.text).toMatch(/not been approved/)
    await scene.clients.approve(id, { kind: 'admin', id: null })
    expect((await refresh(scene, known, 'x')).body['error']).toBe('invalid_grant')
    await scene.clients.revoke(id, { kind: 'admin', id: null })
    expect((await refresh(scene, known, 'x')).body['error_description']).toMatch(/switched off/)
    expect((await refresh(scene, { ...known, client: { client_id: 'dyn_x' } }, 'x')).status).toBe(401)
    expect(scene.refused).toStrictEqual([
      'client_pending',
      'client_pending',
      'client_inactive',
      'unknown_client',
    ])
  })
})
