import { afterEach, describe, expect, it } from 'vitest'
import { authorizationUrl, discover, httpsRedirect, obtain, registerClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const start = async (options: SceneOptions = {}) => {
  scene = await startScene(options)
  await scene.addUser('a')
}

describe('auth 8: metadata', () => {
  it('says what there is and nothing that is not', async () => {
    await start()
    const response = await fetch(`${scene.origin}/.well-known/oauth-authorization-server`)
    const document = (await response.json()) as Record<string, unknown>
    expect(document).toMatchObject({
      issuer: scene.issuer,
      authorization_endpoint: `${scene.issuer}/oauth/authorize`,
      token_endpoint: `${scene.issuer}/oauth/token`,
      registration_endpoint: `${scene.issuer}/oauth/register`,
      device_authorization_endpoint: `${scene.issuer}/oauth/device_authorization`,
      introspection_endpoint: `${scene.issuer}/oauth/introspect`,
      revocation_endpoint: `${scene.issuer}/oauth/revoke`,
      userinfo_endpoint: `${scene.issuer}/oauth/userinfo`,
      jwks_uri: `${scene.issuer}/.well-known/jwks.json`,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      authorization_response_iss_parameter_supported: true,
      scopes_supported: ['openid', 'email', 'offline_access', 'code:read', 'code:write'],
    })
    const openid = await fetch(`${scene.origin}/.well-known/openid-configuration`)
    expect(await openid.json()).toStrictEqual(document)
  })

  it('is found by clients for an issuer with a path, in every form (RFC 8414 section 3.1)', async () => {
    await start({ base: '/gate/way' })
    expect((await discover(scene)).issuer).toBe(`${scene.origin}/gate/way`)
    expect((await discover(scene, 'oidc')).issuer).toBe(`${scene.origin}/gate/way`)
    for (const path of [
      '/gate/way/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/gate/way',
      '/.well-known/openid-configuration/gate/way',
    ]) {
      expect((await fetch(scene.origin + path)).status, path).toBe(200)
    }
    expect((await fetch(`${scene.origin}/.well-known/oauth-authorization-server`)).status).toBe(404)
  })

  it('an issuer with a path works for the whole flow', async () => {
    await start({ base: '/gate' })
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    expect(tokens.refresh_token).toBeDefined()
  })

  it('behind a proxy every URL begins with publicUrl, whatever Host and forwarded fields say', async () => {
    await start({ base: '/gate', publicOrigin: 'https://mcp.example.com' })
    const known = await registerClient(scene, { redirect_uris: [httpsRedirect] })
    const browser = scene.browser()
    const { tokens } = await obtain(scene, known, browser, {}, { signsInAs: 'usr_a' })
    expect(tokens.access_token).toBeDefined()
    const { url } = await authorizationUrl(known, { prompt: 'consent' })
    const response = await fetch(`${scene.origin}${url.pathname}${url.search}`, {
      redirect: 'manual',
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', host: 'evil.example' },
    })
    expect(response.headers.get('location')).toMatch(/^https:\/\/mcp\.example\.com\/gate\/consent\/[\w-]+$/)
    const cookies = response.headers.getSetCookie()
    expect(cookies).toHaveLength(2)
    for (const cookie of cookies) expect(cookie).toMatch(/; path=\/gate\/.*; secure/i)
  })

  it('registration can be switched off', async () => {
    await start({ dynamic: false })
    expect((await discover(scene)).registration_endpoint).toBeUndefined()
    await expect(registerClient(scene)).rejects.toThrow()
    const response = await fetch(`${scene.origin}/oauth/register`, { method: 'POST', body: '{}' })
    expect(response.status).toBe(404)
  })

  it('answers no other path and no other method', async () => {
    await start()
    for (const path of [
      '/oauth/nothing',
      '/oauth/TOKEN',
      '/oauth/token/',
      '/oauth',
      '/oauth/end_session/confirm',
      '/oauth/par',
    ]) {
      expect((await fetch(scene.origin + path, { method: 'POST' })).status, path).toBe(404)
    }
    const wrong = await fetch(`${scene.origin}/oauth/token`)
    expect([wrong.status, wrong.headers.get('allow')]).toStrictEqual([405, 'POST'])
  })

  it('takes bodies of 64 KiB at the most', async () => {
    await start()
    const body = new URLSearchParams({ grant_type: 'x'.repeat(70_000) })
    const response = await fetch(`${scene.origin}/oauth/token`, { method: 'POST', body })
    expect(response.status).toBe(413)
  })
})
