import { afterEach, describe, expect, it } from 'vitest'
import { loopbackRedirect, memberOf, obtain, post, registerClient } from './client.ts'
import { operator, startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const start = async () => {
  scene = await startScene()
  await scene.addUser('a')
}

async function call(url: unknown, token: unknown, method: string, body?: unknown) {
  const response = await fetch(String(url), {
    method,
    headers: { authorization: `Bearer ${String(token)}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) }
}

describe('auth 9: dynamic registration (RFC 7591)', () => {
  it('answers with what was registered, and the secret once', async () => {
    await start()
    const { client } = await registerClient(scene, {
      token_endpoint_auth_method: 'client_secret_basic',
      scope: 'code:read',
    })
    expect(client).toMatchObject({
      client_id: expect.stringMatching(/^dyn_/),
      client_secret: expect.stringMatching(/^\w{43}$/),
      client_secret_expires_at: 0,
      client_id_issued_at: expect.any(Number),
      redirect_uris: [loopbackRedirect],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      registration_client_uri: `${scene.issuer}/oauth/register/${client.client_id}`,
    })
    const { registration_client_uri: url, registration_access_token: token } = client
    const read = await call(url, token, 'GET')
    expect(read.status).toBe(200)
    expect(read.body).toMatchObject({ client_id: client.client_id, client_name: 'Test client' })
    expect(read.body['client_secret']).toBeUndefined()
    expect(scene.count('client_registered', { origin: 'dynamic', status: 'active' })).toBe(1)
  })

  it('auth 9: does not keep a client to the scope it once named', async () => {
    await start()
    const known = await registerClient(scene, { scope: 'code:read' })
    const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    expect(tokens.scope).toBe('code:read code:write')
  })

  it.each([
    ['no object', '[]'],
    ['no JSON', '{'],
    ['a foreign http redirect', JSON.stringify({ redirect_uris: ['http://evil.example/cb'] })],
    ['no redirect', JSON.stringify({ client_name: 'x' })],
  ])('refuses %s', async (_, body) => {
    await start()
    const response = await fetch(`${scene.origin}/oauth/register`, { method: 'POST', body })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: expect.stringMatching(/^invalid_/) })
  })

  it('has a limit', async () => {
    await start()
    scene.exhausted.add('register')
    const response = await fetch(`${scene.origin}/oauth/register`, { method: 'POST', body: '{}' })
    expect([response.status, response.headers.get('retry-after')]).toStrictEqual([429, '7'])
  })
})

describe('auth 9: a client manages itself (RFC 7592)', () => {
  it('changes what it registered, keeping or renewing its secret', async () => {
    await start()
    const known = await registerClient(scene, { token_endpoint_auth_method: 'client_secret_post' })
    const { client } = known
    const { registration_client_uri: url, registration_access_token: token } = client
    const secret = memberOf(known, 'client_secret')
    const change = {
      client_id: client.client_id,
      client_name: 'Renamed',
      redirect_uris: ['https://app.example/cb'],
      token_endpoint_auth_method: 'client_secret_post',
    }
    const wrong = await call(url, token, 'PUT', { ...change, client_secret: 'x' })
    expect([wrong.status, wrong.body['error']]).toStrictEqual([400, 'invalid_request'])
    expect((await call(url, token, 'PUT', { ...change, client_id: 'x' })).status).toBe(400)
    const kept = await call(url, token, 'PUT', { ...change, client_secret: secret })
    expect(kept).toMatchObject({ status: 200, body: { client_name: 'Renamed' } })
    const asked = await post(scene, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: 'x',
      client_id: client.client_id,
      client_secret: secret,
    })
    expect(asked.body['error']).toBe('invalid_grant')
  })

  it('takes no other token, no other client, and no client it is not', async () => {
    await start()
    const [one, two] = [await registerClient(scene), await registerClient(scene)]
    const url = memberOf(one, 'registration_client_uri')
    for (const method of ['GET', 'PUT', 'DELETE']) {
      for (const token of ['x', two.client['registration_access_token']]) {
        expect((await call(url, token, method, method === 'GET' ? undefined : {})).status).toBe(401)
      }
    }
    expect((await fetch(url)).status).toBe(401)
    expect(scene.refused).toStrictEqual([...Array<string>(6).fill('bad_client_auth'), 'missing_credential'])
  })

  it('is unknown once it is gone', async () => {
    await start()
    const { client } = await registerClient(scene)
    await scene.store.clients.remove(client.client_id, 1, {}, operator)
    const { registration_client_uri: url, registration_access_token: token } = client
    expect((await call(url, token, 'GET')).status).toBe(401)
    expect(scene.refused).toStrictEqual(['unknown_client'])
  })

  it('can leave; its tokens and its registration token with it', async () => {
    await start()
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    const { registration_client_uri: url, registration_access_token: token } = known.client
    expect((await call(url, token, 'DELETE')).status).toBe(204)
    expect((await call(url, token, 'GET')).status).toBe(401)
    const asked = await post(scene, '/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token ?? '',
      client_id: known.client.client_id,
    })
    expect([asked.status, asked.body['error']]).toStrictEqual([401, 'invalid_client'])
    expect(await scene.consents.list('usr_a')).toStrictEqual([])
  })
})
