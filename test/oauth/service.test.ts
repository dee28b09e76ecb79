import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/lib/hash.ts'
import type { NewClient } from '../../src/oauth/client.ts'
import { post } from './client.ts'
import { operator, startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())

const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
})

async function start(options: SceneOptions = {}) {
  scene = await startScene(options)
  await scene.addUser('a', 'red')
  await scene.addUser('a', 'blue')
}

async function register(more: Partial<NewClient> = {}) {
  const registered = await scene.clients.register(
    {
      name: 'Robot',
      redirectUris: [],
      grantTypes: ['client_credentials'],
      confidential: true,
      workspace: 'red',
      ownerId: null,
      origin: 'admin',
      ...more,
    },
    operator,
  )
  if (registered.outcome !== 'registered') throw new Error(registered.problem)
  return { id: registered.client.id, secret: registered.secret ?? '' }
}

const ask = ({ id, secret }: { id: string; secret: string }, more = {}) =>
  post(scene, '/oauth/token', { grant_type: 'client_credentials', ...more }, basic(id, secret))

describe('auth 12: client_credentials', () => {
  it('gives an approved client that is bound to a workspace a token for itself', async () => {
    await start()
    const robot = await register()
    const { status, body, headers } = await ask(robot)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    const claims = decodeJwt(String(body['access_token']))
    expect(claims).toMatchObject({
      sub: `svc_${robot.id}`,
      client_id: robot.id,
      workspace: 'red',
      aud: `${scene.issuer}/mcp`,
      scope: 'code:read code:write',
    })
    expect(claims['grant_id']).toBeUndefined()
    expect(body['refresh_token']).toBeUndefined()
    expect(scene.count('token_issued', { token_type: 'access', grant_type: 'client_credentials' })).toBe(1)
    expect(await scene.store.accessTokens.findForCall(claims.jti ?? '')).toMatchObject({
      userId: null,
      consentId: null,
      consentRevoked: false,
      userInactive: false,
      clientStatus: 'active',
      attributionSalt: null,
    })
  })

  it('may ask for less, and for a resource', async () => {
    await start()
    const robot = await register()
    const { body } = await ask(robot, {
      scope: 'code:read openid other',
      resource: `${scene.issuer}/mcp/code/`,
    })
    expect(decodeJwt(String(body['access_token']))).toMatchObject({
      scope: 'code:read',
      aud: `${scene.issuer}/mcp/code`,
    })
    expect((await ask(robot, { resource: 'https://evil.example' })).body['error']).toBe('invalid_target')
  })

  it('T51: gives nothing to a client that registered itself, nor to one without a workspace', async () => {
    await start()
    const response = await fetch(`${scene.origin}/oauth/register`, {
      method: 'POST',
      body: JSON.stringify({
        grant_types: ['client_credentials'],
        token_endpoint_auth_method: 'client_secret_basic',
      }),
    })
    expect(response.status).toBe(400)
    const quiet = await fetch(`${scene.origin}/oauth/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: ['https://app.example/cb'] }),
    })
    const { client_id: id, client_secret: secret } = (await quiet.json()) as Record<string, string>
    const refused = await ask({ id: id ?? '', secret: secret ?? '' })
    expect([refused.status, refused.body['error']]).toStrictEqual([400, 'invalid_request'])
    const user = await register({
      grantTypes: ['authorization_code'],
      redirectUris: ['https://app.example/cb'],
      workspace: null,
    })
    expect((await ask(user)).body['error']).toBe('invalid_request')
  })

  it.each([
    ['dynamic', 'red'],
    ['metadata_document', 'red'],
    ['admin', null],
  ] as const)(
    'T51: whatever its row says, a client of origin %s in %s gets nothing',
    async (origin, workspace) => {
      await start()
      const metadata = {
        redirect_uris: ['https://app.example/cb'],
        grant_types: ['authorization_code', 'client_credentials'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
      } as const
      const row = { id: 'cli_x', origin, status: 'active', name: 'x', metadata, workspace } as const
      const more = { secretHash: sha256Hex('secret'), ownerId: null, freshUntil: null, createdAt: 1 }
      await scene.store.clients.add({ ...row, ...more }, operator)
      const refused = await ask({ id: 'cli_x', secret: 'secret' })
      expect([refused.status, refused.body['error']]).toStrictEqual([400, 'invalid_request'])
    },
  )

  it('T51: gives nothing for a server that is not open to its workspace', async () => {
    await start({
      resources: (base) => [
        { resource: `${base}/mcp`, upstreams: ['x'], scopes: [], workspaces: ['blue'], isDefault: true },
      ],
    })
    expect((await ask(await register())).body['error']).toBe('invalid_target')
    expect((await ask(await register({ workspace: 'blue' }))).status).toBe(200)
  })

  it('takes no wrong secret, and ends with the client', async () => {
    await start()
    const robot = await register()
    expect((await ask({ ...robot, secret: 'x' })).status).toBe(401)
    const { jti = '' } = decodeJwt(String((await ask(robot)).body['access_token']))
    await scene.clients.revoke(robot.id, operator)
    expect((await ask(robot)).body['error']).toBe('invalid_client')
    expect(await scene.store.accessTokens.findForCall(jti)).toMatchObject({ clientStatus: 'inactive' })
  })
})
