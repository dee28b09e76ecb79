import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import { memberOf, obtain, post, refresh, registerClient } from './client.ts'
import type { TestClient } from './client.ts'
import { operator, startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())

async function connected(metadata: Record<string, unknown> = {}) {
  scene = await startScene()
  await scene.addUser('a')
  const known = await registerClient(scene, metadata)
  const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
  return { known, tokens, token: tokens.refresh_token ?? '' }
}

const successor = async (known: TestClient, token: string) => {
  const { status, body } = await refresh(scene, known, token)
  expect(status).toBe(200)
  return { access: String(body['access_token']), token: String(body['refresh_token']) }
}
const live = async (access: string) =>
  (await scene.store.accessTokens.findForCall(decodeJwt(access).jti ?? ''))?.revokedAt === null
const used = (access: string) =>
  scene.store.accessTokens.recordUse(new Map([[decodeJwt(access).jti ?? '', scene.clock.now()]]))
const error = async (known: TestClient, token: string, more = {}) => {
  const { status, body } = await refresh(scene, known, token, more)
  return [status, body['error']]
}

describe('auth 13: refreshing', () => {
  it('rotates, keeps the consent, and counts', async () => {
    const { known, tokens, token } = await connected()
    const next = await successor(known, token)
    expect(next.token).not.toBe(token)
    const [before, after] = [decodeJwt(tokens.access_token), decodeJwt(next.access)]
    expect(after).toMatchObject({ grant_id: before['grant_id'], scope: before['scope'], aud: before.aud })
    expect(after.jti).not.toBe(before.jti)
    expect(scene.count('token_refreshed', { outcome: 'success' })).toBe(1)
    expect(scene.count('token_issued', { token_type: 'access', grant_type: 'refresh_token' })).toBe(1)
    expect(scene.count('token_issued', { token_type: 'refresh', grant_type: 'refresh_token' })).toBe(1)
    expect(scene.count('token_revoked')).toBe(0)
  })

  it('T18: a token used again within the grace period gets a successor that works', async () => {
    const { known, token } = await connected()
    const first = await successor(known, token)
    scene.clock.advance(29_000)
    const second = await successor(known, token)
    for (const { access, token: next } of [first, second]) {
      expect(await live(access)).toBe(true)
      await successor(known, next)
    }
  })

  it('T18: within the grace period that is so even when its successor was used', async () => {
    const { known, token } = await connected()
    const first = await successor(known, token)
    await used(first.access)
    await successor(known, first.token)
    scene.clock.advance(29_000)
    await successor(known, token)
    expect(scene.count('token_revoked')).toBe(0)
  })

  it('T18: a lost answer signs nobody out, however late the client comes back', async () => {
    const { known, token } = await connected()
    await successor(known, token)
    scene.clock.advance(5 * 86_400_000)
    const { token: next } = await successor(known, token)
    await successor(known, next)
    expect(scene.count('token_revoked')).toBe(0)
  })

  it('T18: a token that comes back after its successor was used ends the family', async () => {
    const { known, token } = await connected()
    const second = await successor(known, token)
    const third = await successor(known, second.token)
    scene.clock.advance(31_000)
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    expect(await live(third.access)).toBe(false)
    expect(await error(known, third.token)).toStrictEqual([400, 'invalid_grant'])
    expect(scene.refused).toStrictEqual(['replayed_refresh'])
    expect(scene.count('token_refreshed', { outcome: 'replayed' })).toBe(1)
    expect(scene.count('token_refreshed', { outcome: 'revoked' })).toBe(1)
    expect(scene.count('token_revoked', { reason: 'replay' })).toBe(1)
    expect(await scene.store.audit.list({ action: 'token.revoked', limit: 9 })).toHaveLength(1)
    expect(await scene.consents.list('usr_a')).toHaveLength(1)
  })

  it('T18: the first use of the access token that came with the successor shows that the answer arrived', async () => {
    const { known, token } = await connected()
    const second = await successor(known, token)
    await used(second.access)
    scene.clock.advance(31_000)
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    expect(scene.count('token_refreshed', { outcome: 'replayed' })).toBe(1)
    expect(await live(second.access)).toBe(false)
  })

  it('T18: that stays known when the access token itself is long forgotten', async () => {
    const { known, token } = await connected()
    const second = await successor(known, token)
    await used(second.access)
    scene.clock.advance(3 * 86_400_000)
    await scene.server.sweep()
    expect(await scene.store.accessTokens.findForCall(decodeJwt(second.access).jti ?? '')).toBeUndefined()
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    expect(scene.count('token_refreshed', { outcome: 'replayed' })).toBe(1)
  })

  it('of other families of the same consent nothing ends', async () => {
    const { known, token } = await connected()
    const other = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    expect(await scene.consents.list('usr_a')).toHaveLength(1)
    const second = await successor(known, token)
    await successor(known, second.token)
    scene.clock.advance(31_000)
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    await successor(known, other.tokens.refresh_token ?? '')
  })

  it('fifty uses at once sign nobody out, and stay one family', async () => {
    const { known, token } = await connected()
    const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(scene, known, token)))
    expect(answers.map(({ status }) => status)).toStrictEqual(Array(50).fill(200))
    const tokens = answers.map(({ body }) => String(body['refresh_token']))
    expect(new Set(tokens).size).toBe(50)
    for (const { body } of answers) expect(await live(String(body['access_token']))).toBe(true)
    const ids = answers.map(({ body }) => decodeJwt(String(body['access_token'])).jti ?? '')
    const families = new Set<string | null | undefined>()
    for (const id of ids) families.add((await scene.store.accessTokens.findForCall(id))?.familyId)
    expect(families.size).toBe(1)
    expect(scene.count('token_refreshed', { outcome: 'success' })).toBe(50)
    await successor(known, tokens[49] ?? '')
    scene.clock.advance(31_000)
    // One family: the replay of their predecessor ends them all.
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    for (const { body } of answers) expect(await live(String(body['access_token']))).toBe(false)
  })

  it('lives as long as it is used, and no longer', async () => {
    const { known, token } = await connected()
    scene.clock.advance(29 * 86_400_000)
    const second = await successor(known, token)
    scene.clock.advance(29 * 86_400_000)
    const third = await successor(known, second.token)
    scene.clock.advance(30 * 86_400_000 + 1000)
    expect(await error(known, third.token)).toStrictEqual([400, 'invalid_grant'])
    expect(scene.count('token_refreshed', { outcome: 'expired' })).toBe(1)
    expect(await error(known, 'nothing')).toStrictEqual([400, 'invalid_grant'])
    expect(scene.count('token_refreshed', { outcome: 'invalid' })).toBe(1)
  })

  it('T17: needs the client it was issued to, and its authentication', async () => {
    const { known, token } = await connected({ token_endpoint_auth_method: 'client_secret_post' })
    const secret = { client_secret: memberOf(known, 'client_secret') }
    const other = await registerClient(scene)
    expect(await error(known, token)).toStrictEqual([401, 'invalid_client'])
    expect(await error(known, token, { client_secret: 'wrong' })).toStrictEqual([401, 'invalid_client'])
    expect(await error(other, token)).toStrictEqual([400, 'invalid_grant'])
    expect((await refresh(scene, known, token, secret)).status).toBe(200)
    expect(scene.count('token_refreshed')).toBe(2)
  })

  it('may narrow the scope of an access token, and not widen it', async () => {
    const { known, token } = await connected()
    const narrow = await refresh(scene, known, token, { scope: 'code:read' })
    expect(decodeJwt(String(narrow.body['access_token']))['scope']).toBe('code:read')
    expect(narrow.body['scope']).toBe('code:read')
    const next = String(narrow.body['refresh_token'])
    expect(await error(known, next, { scope: 'code:admin' })).toStrictEqual([400, 'invalid_scope'])
    // The refresh token itself keeps what was granted.
    const again = await successor(known, next)
    expect(decodeJwt(again.access)['scope']).toBe('code:read code:write')
  })

  it('auth 11: names no resource but the one that was granted', async () => {
    const { known, token } = await connected()
    for (const resource of [
      `${scene.issuer}/mcp/code`,
      'https://evil.example/mcp',
      `${scene.issuer}/nothing`,
    ]) {
      expect(await error(known, token, { resource })).toStrictEqual([400, 'invalid_target'])
    }
    expect((await refresh(scene, known, token, { resource: `${scene.issuer}/mcp/` })).status).toBe(200)
  })

  it('ends with its user, its consent, its client', async () => {
    const { known, token } = await connected()
    await scene.store.users.setDisabled('usr_a', 1, 1, operator)
    expect(await error(known, token)).toStrictEqual([400, 'invalid_grant'])
    await scene.store.users.setDisabled('usr_a', null, 1, operator)
    const second = await successor(known, token)
    await scene.clients.revoke(known.client.client_id, operator)
    expect(await error(known, second.token)).toStrictEqual([401, 'invalid_client'])
  })

  it('is for clients registered for it alone', async () => {
    scene = await startScene()
    await scene.addUser('a')
    const known = await registerClient(scene, { grant_types: ['authorization_code'] })
    const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
    expect(tokens.refresh_token).toBeUndefined()
    expect(
      (await post(scene, '/oauth/token', { grant_type: 'password', client_id: known.client.client_id })).body[
        'error'
      ],
    ).toBe('unsupported_grant_type')
  })
})
