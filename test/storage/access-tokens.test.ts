import { describe, expect, it } from 'vitest'
import type { Store } from '../../src/storage/open-store.ts'
import type { IssuedAccessToken } from '../../src/tokens/access-token-store.ts'
import { onEachDatabase } from './databases.ts'
import { actions, addUser, admin } from './records.ts'

const issued = (id: string, more: Partial<IssuedAccessToken> = {}): IssuedAccessToken => ({
  id,
  consentId: 'con_1',
  userId: 'usr_a',
  familyId: null,
  clientId: 'cli_1',
  workspace: 'default',
  refreshTokenHash: null,
  issuedAt: 1,
  expiresAt: 600_000,
  ...more,
})

async function allowed(store: Store): Promise<void> {
  await addUser(store)
  const facts = { userId: 'usr_a', clientId: 'cli_1', workspace: 'default', resource: 'r', scopes: [] }
  await store.consents.grant({ id: 'con_1', flow: 'authorization_code', at: 1, ...facts })
  const metadata = {
    redirect_uris: ['https://app.example/cb'],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
  } as const
  const client = { id: 'cli_1', origin: 'dynamic', status: 'active', name: 'App', metadata } as const
  const none = { secretHash: null, ownerId: null, workspace: null, freshUntil: null }
  await store.clients.add({ ...client, ...none, createdAt: 1 }, admin)
}

onEachDatabase((databases) => {
  describe('the access token store', () => {
    it('answers a call with all the token stands on', async () => {
      const store = await databases.newStore()
      await allowed(store)
      expect(await store.accessTokens.findForCall('at')).toBeUndefined()
      await store.accessTokens.record(issued('at'))
      expect(await store.accessTokens.findForCall('at')).toStrictEqual({
        id: 'at',
        consentId: 'con_1',
        familyId: null,
        userId: 'usr_a',
        clientId: 'cli_1',
        workspace: 'default',
        expiresAt: 600_000,
        revokedAt: null,
        usedAt: null,
        consentRevoked: false,
        userInactive: false,
        clientStatus: 'active',
        attributionSalt: expect.stringMatching(/^[\w-]{22}$/),
      })
    })

    it('of a client that acts for itself stands on the client alone', async () => {
      const store = await databases.newStore()
      await allowed(store)
      await store.accessTokens.record(issued('at', { consentId: null, userId: null }))
      expect(await store.accessTokens.findForCall('at')).toMatchObject({
        consentRevoked: false,
        userInactive: false,
        clientStatus: 'active',
        attributionSalt: null,
      })
    })

    it.each<[string, (store: Store) => Promise<unknown>, object]>([
      ['its consent', (store) => store.consents.revoke('con_1', 5, admin), { consentRevoked: true }],
      ['all consents', (store) => store.consents.revokeAll('usr_a', 5, admin), { consentRevoked: true }],
      ['its user', (store) => store.users.setDisabled('usr_a', 5, 5, admin), { userInactive: true }],
      [
        'its client',
        (store) =>
          store.clients.setStatus(
            'cli_1',
            { from: ['active'], to: 'inactive', action: 'client.revoked', at: 5 },
            {},
            admin,
          ),
        { clientStatus: 'inactive', consentRevoked: true },
      ],
      ['the token', (store) => store.accessTokens.revoke('at', 5), { revokedAt: 5 }],
      ['its family', (store) => store.artifacts.revokeFamily('code', 5), { revokedAt: 5 }],
    ])('auth 5: shows the end of %s with the next call, on every instance', async (_, end, shown) => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await allowed(one)
      await one.artifacts.save({ kind: 'AuthorizationCode', idHash: 'code', payload: '', expiresAt: 1 })
      await one.artifacts.redeem('AuthorizationCode', 'code', { consentId: 'con_1', clientId: 'cli_1' }, 1)
      await one.accessTokens.record(issued('at', { familyId: 'code' }))
      const good = { revokedAt: null, consentRevoked: false, userInactive: false, clientStatus: 'active' }
      for (const store of [one, two, one, two]) {
        expect(await store.accessTokens.findForCall('at')).toMatchObject(good)
      }
      await end(two)
      for (const store of [one, two]) {
        expect(await store.accessTokens.findForCall('at')).toMatchObject(shown)
      }
    })

    it('revokes once and writes it down', async () => {
      const store = await databases.newStore()
      await allowed(store)
      await store.accessTokens.record(issued('at'))
      expect(await store.accessTokens.revoke('at', 5)).toBe(true)
      expect(await store.accessTokens.revoke('at', 6)).toBe(false)
      expect(await store.accessTokens.revoke('none', 6)).toBe(false)
      const rows = await store.audit.list({ action: 'token.revoked', limit: 9 })
      expect(actions(rows)).toStrictEqual(['token.revoked cli_1 at'])
      expect(rows[0]).toMatchObject({ workspace: 'default', time: 5 })
    })

    it('records first uses in a batch', async () => {
      const store = await databases.newStore()
      await allowed(store)
      await store.accessTokens.recordUse(new Map())
      for (const id of ['one', 'two', 'three']) await store.accessTokens.record(issued(id))
      const uses = new Map([
        ['one', 100],
        ['two', 200],
        ['missing', 5],
      ])
      await store.accessTokens.recordUse(uses)
      const find = async (id: string) => store.accessTokens.findForCall(id)
      const found = await Promise.all(['one', 'two', 'three'].map(find))
      expect(found.map((token) => token?.usedAt)).toStrictEqual([100, 200, null])
    })

    it('pairs it with the refresh token of the same answer, whose arrival its use shows', async () => {
      const store = await databases.newStore()
      await allowed(store)
      await store.artifacts.save({ kind: 'AuthorizationCode', idHash: 'code', payload: '', expiresAt: 1 })
      await store.artifacts.redeem('AuthorizationCode', 'code', { consentId: 'con_1', clientId: 'cli_1' }, 1)
      const refresh = { payload: '', expiresAt: 9e9, familyId: 'code' }
      await store.artifacts.saveRefreshToken({ ...refresh, idHash: 'r1', predecessorHash: null })
      await store.artifacts.rotate('r1', 1, 0)
      await store.artifacts.saveRefreshToken({ ...refresh, idHash: 'r2', predecessorHash: 'r1' })
      await store.accessTokens.record(issued('at', { familyId: 'code' }))
      await store.accessTokens.pair('at', 'r2')
      expect(await store.artifacts.rotate('r1', 9, 0)).toStrictEqual({ outcome: 'rotated' })
      await store.accessTokens.recordUse(new Map([['at', 10]]))
      expect(await store.artifacts.rotate('r1', 11, 0)).toStrictEqual({ outcome: 'replayed', revoked: true })
    })

    it('forgets those that ended, some at a time', async () => {
      const store = await databases.newStore()
      await allowed(store)
      for (let index = 0; index < 5; index += 1) {
        await store.accessTokens.record(issued(`at${index}`, { expiresAt: 100 + index }))
      }
      expect(await store.accessTokens.findForCall('at0')).toBeDefined()
      expect(await store.accessTokens.forgetBefore(104, 3)).toBe(3)
      expect(await store.accessTokens.findForCall('at0')).toBeUndefined()
      expect(await store.accessTokens.forgetBefore(104, 3)).toBe(1)
      expect(await store.accessTokens.findForCall('at4')).toBeDefined()
    })
  })
})
