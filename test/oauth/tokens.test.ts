import { decodeJwt, generateKeyPair, SignJWT } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterEach, describe, expect, it } from 'vitest'
import { memberOf, obtain, post, reach, refresh, registerClient } from './client.ts'
import type { TestClient } from './client.ts'
import { operator, startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const asA = { signsInAs: 'usr_a' }
const robot = {
  name: 'Robot',
  redirectUris: [],
  grantTypes: ['client_credentials'],
  confidential: true,
  workspace: 'default',
  ownerId: null,
  origin: 'admin',
} as const
const secretClient = { token_endpoint_auth_method: 'client_secret_basic' }

async function connected(metadata: Readonly<Record<string, unknown>> = secretClient, scope?: string) {
  scene = await startScene()
  await scene.addUser('a')
  const known = await registerClient(scene, metadata)
  const { tokens } = await obtain(scene, known, scene.browser(), scope === undefined ? {} : { scope }, asA)
  return { known, access: tokens.access_token, token: tokens.refresh_token ?? '' }
}

async function introspect({ as, client, auth }: TestClient, token: string) {
  const response = await oauth.introspectionRequest(as, client, auth, token, reach(scene))
  return oauth.processIntrospectionResponse(as, client, response)
}

async function revoke({ as, client, auth }: TestClient, token: string, hint?: string) {
  const more = hint === undefined ? {} : { additionalParameters: { token_type_hint: hint } }
  const response = await oauth.revocationRequest(as, client, auth, token, { ...reach(scene), ...more })
  await oauth.processRevocationResponse(response)
}

/** A client that acts for itself, with a token. */
async function actingForItself() {
  await connected()
  const registered = await scene.clients.register(robot, operator)
  if (registered.outcome !== 'registered') throw new Error('not registered')
  const { id } = registered.client
  const basic = Buffer.from(`${id}:${registered.secret ?? ''}`).toString('base64')
  const header = { authorization: `Basic ${basic}` }
  const issued = await post(scene, '/oauth/token', { grant_type: 'client_credentials' }, header)
  return { id, header, token: String(issued.body['access_token']) }
}

describe('auth 16: introspection (RFC 7662)', () => {
  it('says what an access token is, and a refresh token', async () => {
    const { known, access, token } = await connected()
    const claims = decodeJwt(access)
    expect(await introspect(known, access)).toStrictEqual({
      active: true,
      sub: 'usr_a',
      client_id: known.client.client_id,
      iss: scene.issuer,
      aud: `${scene.issuer}/mcp`,
      scope: 'code:read code:write',
      token_type: 'Bearer',
      workspace: 'default',
      jti: claims.jti,
      iat: claims.iat,
      exp: claims.exp,
    })
    expect(await introspect(known, token)).toMatchObject({ active: true, client_id: known.client.client_id })
    const { body } = await refresh(scene, known, token, {
      client_secret: memberOf(known, 'client_secret'),
    })
    expect(body['error']).toBeUndefined()
    expect(await introspect(known, token)).toStrictEqual({ active: false })
  })

  it.each<[string, (known: TestClient, access: string) => Promise<unknown>]>([
    ['its consent is revoked', async () => scene.consents.revokeAll('usr_a', operator)],
    ['its user is disabled', async () => scene.store.users.setDisabled('usr_a', 1, 1, operator)],
    ['it is revoked', async (known, access) => revoke(known, access)],
    ['it has expired', async () => scene.clock.advance(700_000)],
  ])('auth 5: says no more once %s', async (_, end) => {
    const { known, access } = await connected()
    expect(await introspect(known, access)).toMatchObject({ active: true })
    await end(known, access)
    expect(await introspect(known, access)).toStrictEqual({ active: false })
  })

  it('says nothing of tokens of others, of other makers, of no token', async () => {
    const { known, access, token } = await connected()
    const other = await registerClient(scene, secretClient)
    for (const text of [access, token, 'x', 'a.b.c']) {
      expect(await introspect(other, text)).toStrictEqual({ active: false })
    }
    const { privateKey } = await generateKeyPair('ES256')
    const forged = await new SignJWT(decodeJwt(access))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: scene.signing.currentId })
      .sign(privateKey)
    expect(await introspect(known, forged)).toStrictEqual({ active: false })
    expect(await introspect(known, decodeJwt(access).jti ?? '')).toStrictEqual({ active: false })
  })

  it('is for clients that show who they are: a public one learns nothing', async () => {
    const { access } = await connected({})
    const client_id = String(decodeJwt(access)['client_id'])
    for (const token of [access, 'x']) {
      const answered = await post(scene, '/oauth/introspect', { token, client_id })
      expect([answered.status, answered.body['error']]).toStrictEqual([401, 'invalid_client'])
    }
    const nobody = await post(scene, '/oauth/introspect', { token: access })
    expect(nobody.status).toBe(400)
    const wrong = await post(
      scene,
      '/oauth/introspect',
      { token: access },
      { authorization: `Basic ${Buffer.from(`${client_id}:x`).toString('base64')}` },
    )
    expect(wrong.status).toBe(401)
  })

  it('reads a client that acts for itself, too', async () => {
    const { id, header, token } = await actingForItself()
    const { body } = await post(scene, '/oauth/introspect', { token }, header)
    expect(body).toMatchObject({ active: true, sub: `svc_${id}`, client_id: id, workspace: 'default' })
    await post(scene, '/oauth/revoke', { token }, header)
    expect((await post(scene, '/oauth/introspect', { token }, header)).body).toStrictEqual({ active: false })
  })
})

describe('auth 16: revocation (RFC 7009)', () => {
  it.each(['access_token', 'refresh_token', undefined])(
    'of an access token ends that one, whatever the hint says (%s)',
    async (hint) => {
      const { known, access, token } = await connected()
      await revoke(known, access, hint)
      const id = decodeJwt(access).jti ?? ''
      expect(await scene.store.accessTokens.findForCall(id)).toMatchObject({ revokedAt: expect.any(Number) })
      expect(scene.count('token_revoked', { reason: 'user_request' })).toBe(1)
      expect(await introspect(known, token)).toMatchObject({ active: true })
      await revoke(known, access)
      expect(scene.count('token_revoked')).toBe(1)
    },
  )

  it('of a refresh token ends its family and its access tokens, and no other', async () => {
    const { known, access, token } = await connected({})
    const other = await obtain(scene, known, scene.browser(), {}, asA)
    const next = await refresh(scene, known, token)
    await revoke(known, String(next.body['refresh_token']))
    for (const text of [access, String(next.body['access_token'])]) {
      const found = await scene.store.accessTokens.findForCall(decodeJwt(text).jti ?? '')
      expect(found).toMatchObject({ revokedAt: expect.any(Number) })
    }
    expect((await refresh(scene, known, token)).body['error']).toBe('invalid_grant')
    expect(scene.count('token_revoked')).toBe(1)
    const live = await scene.store.accessTokens.findForCall(decodeJwt(other.tokens.access_token).jti ?? '')
    expect(live).toMatchObject({ revokedAt: null, consentRevoked: false })
    expect((await refresh(scene, known, other.tokens.refresh_token)).status).toBe(200)
  })

  it('is for the tokens of the client that asks', async () => {
    const { access, token } = await connected({})
    const other = await registerClient(scene)
    for (const text of [access, token]) {
      const answered = await post(scene, '/oauth/revoke', { token: text, client_id: other.client.client_id })
      expect([answered.status, answered.body['error']]).toStrictEqual([400, 'invalid_request'])
    }
    const wrong = await post(scene, '/oauth/revoke', { token: access })
    expect(wrong.status).toBe(400)
    expect(scene.count('token_revoked')).toBe(0)
    for (const text of ['x', 'a.b.c', 'eyJhbGciOiJub25lIn0.e30.']) {
      const unknown = await post(scene, '/oauth/revoke', { token: text, client_id: other.client.client_id })
      expect(unknown.status).toBe(200)
    }
  })

  it('needs authentication of a confidential client', async () => {
    const { known, access } = await connected()
    const answered = await post(scene, '/oauth/revoke', { token: access, client_id: known.client.client_id })
    expect([answered.status, answered.body['error']]).toStrictEqual([401, 'invalid_client'])
    expect(scene.refused).toStrictEqual(['bad_client_auth'])
  })
})

describe('userinfo', () => {
  const ask = (token: string | null, method = 'GET') =>
    fetch(`${scene.origin}/oauth/userinfo`, {
      method,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    })

  it('says who it is, and the address to who asked for it', async () => {
    const { known, access } = await connected({}, 'openid email')
    for (const method of ['GET', 'POST']) {
      expect(await (await ask(access, method)).json()).toStrictEqual({ sub: 'usr_a', email: 'a@example.com' })
    }
    const response = await oauth.userInfoRequest(known.as, known.client, access, reach(scene))
    expect(await oauth.processUserInfoResponse(known.as, known.client, 'usr_a', response)).toBeDefined()
    const { tokens } = await obtain(scene, known, scene.browser(), { scope: 'openid' }, asA)
    expect(await (await ask(tokens.access_token)).json()).toStrictEqual({ sub: 'usr_a' })
  })

  it('refuses a token without openid, a revoked one, and none', async () => {
    const { access } = await connected({})
    expect((await ask(access)).status).toBe(403)
    const none = await ask(null)
    expect([none.status, none.headers.get('www-authenticate')]).toStrictEqual([401, 'Bearer'])
    await scene.consents.revokeAll('usr_a', operator)
    const revoked = await ask(access)
    expect([revoked.status, revoked.headers.get('www-authenticate')]).toStrictEqual([
      401,
      'Bearer error="invalid_token"',
    ])
    expect((await ask('x')).status).toBe(401)
  })

  it.each<[string, string, (access: string) => Promise<unknown>]>([
    ['no token', 'missing_credential', async () => ask(null)],
    ['an empty one', 'empty_token', async () => ask('')],
    ['what is no token', 'malformed_token', async () => ask('x')],
    ['a token without openid', 'insufficient_scope', ask],
    [
      'a revoked one',
      'revoked_token',
      async (access) => {
        await scene.consents.revokeAll('usr_a', operator)
        return ask(access)
      },
    ],
    [
      'one of somebody who is disabled',
      'account_inactive',
      async (access) => {
        await scene.store.users.setDisabled('usr_a', 1, 1, operator)
        return ask(access)
      },
    ],
    [
      'one whose client has left',
      'unknown_client',
      async (access) => {
        const id = String(decodeJwt(access)['client_id'])
        await scene.store.clients.remove(id, 1, {}, operator)
        return ask(access)
      },
    ],
    [
      'one that has expired',
      'expired',
      async (access) => {
        scene.clock.advance(700_000)
        return ask(access)
      },
    ],
  ])('tells once of whom it refuses, and why: %s', async (_, reason, refused) => {
    const { access } = await connected({})
    await refused(access)
    expect(scene.refused).toStrictEqual([reason])
  })

  it('refuses a client that acts for itself: it stands for nobody', async () => {
    const { token } = await actingForItself()
    expect((await ask(token)).status).toBe(403)
    expect(scene.refused).toStrictEqual(['insufficient_scope'])
  })

  it('T49: takes no ID token for an access token', async () => {
    scene = await startScene()
    await scene.addUser('a')
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), { scope: 'openid' }, asA)
    expect((await ask(tokens.id_token ?? '')).status).toBe(401)
  })
})
