import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'

const origin = 'https://app.example'
let scene: Scene
let oauth: OauthCaller

beforeAll(async () => {
  scene = await startScene({ settings: { allowedOrigins: [origin] } })
  oauth = new OauthCaller(scene.gateway.url)
})
afterAll(() => scene.close())

/** What the page's browser asks before it sends a request of that method. */
function preflight(path: string, method: string, from = origin): Promise<Response> {
  const headers = {
    Origin: from,
    'Access-Control-Request-Method': method,
    'Access-Control-Request-Headers': 'content-type, authorization',
  }
  return fetch(`${scene.gateway.url}${path}`, { method: 'OPTIONS', headers })
}

describe('auth 6: a client that is a page of an allowed origin', () => {
  it.each([
    ['/.well-known/oauth-protected-resource/mcp', 'GET'],
    ['/.well-known/oauth-authorization-server', 'GET'],
    ['/.well-known/openid-configuration', 'GET'],
    ['/oauth/register', 'POST'],
    ['/oauth/token', 'POST'],
    ['/oauth/revoke', 'POST'],
    ['/oauth/userinfo', 'GET'],
    ['/mcp', 'POST'],
  ])('may ask %s, and a page of another may not', async (path, method) => {
    const asked = await preflight(path, method)
    expect([asked.status, asked.headers.get('access-control-allow-origin')]).toEqual([204, origin])
    expect(asked.headers.get('access-control-allow-methods')?.split(', ')).toContain(method)
    const allowed = asked.headers.get('access-control-allow-headers')?.toLowerCase().split(', ')
    expect(allowed).toEqual(expect.arrayContaining(['content-type', 'authorization']))
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull()
    const foreign = await preflight(path, method, 'https://evil.example')
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null])
  })

  it('registers, signs in and reads every answer, refusals included', async () => {
    const ada = await scene.meet('ada')
    const headers = { origin }
    const registered = await oauth.send('/oauth/register', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' }),
    })
    const id = String(registered.body['client_id'])
    const begun = oauth.begin(id, { scope: null, nonce: null })
    const code = (await ada.authorize(begun.url)).searchParams.get('code') ?? ''
    const redeemed = await oauth.redeem({ id }, code, begun.verifier, {}, headers)
    const refused = await oauth.redeem({ id }, code, begun.verifier, {}, headers)
    expect([registered.status, redeemed.status, refused.status]).toEqual([201, 200, 400])
    const called = await fetch(scene.mcp, { method: 'POST', headers })
    expect([called.status, called.headers.get('access-control-expose-headers')]).toEqual([
      401,
      expect.stringContaining('WWW-Authenticate'),
    ])
    for (const answer of [registered, redeemed, refused, called])
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin)
  })
})
