import { createHmac } from 'node:crypto'
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { basic, tokensOf } from '../support/oauth-caller.ts'
import type { Tokens } from '../support/oauth-caller.ts'
import { startAttackScene } from './attack-scene.ts'
import type { AttackScene } from './attack-scene.ts'

let scene: AttackScene
let upstream: AttackScene['upstream']
let gateway: AttackScene['gateway']
let oauth: AttackScene['oauth']
let ada: AttackScene['ada']
let countedOf: AttackScene['countedOf']
let codeFor: AttackScene['codeFor']
beforeAll(async () => {
  scene = await startAttackScene()
  ;({ upstream, gateway, oauth, ada, countedOf, codeFor } = scene)
})
afterAll(() => scene.close())

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

  it('userinfo and registration count whom they turn away, once each', async () => {
    const at = (path: string) => async () => {
      const headers = { authorization: 'Bearer x' }
      expect((await oauth.send(path, { headers })).status).toBe(401)
    }
    expect(await countedOf('malformed_token', 'oauth', at('/oauth/userinfo'))).toBe(1)
    const { id } = await oauth.register()
    expect(await countedOf('bad_client_auth', 'oauth', at(`/oauth/register/${id}`))).toBe(1)
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
