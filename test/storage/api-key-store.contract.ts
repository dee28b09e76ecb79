import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'
import { actions, addKey, addUser, admin, newKey } from './records.ts'

/** What every API key store does. */
export function apiKeyStoreContract(databases: TestDatabases): void {
  describe('the API key store', () => {
    it('finds a key for a call with its owner in good standing', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      expect(await store.apiKeys.findForCall('k1')).toStrictEqual({
        id: 'k1',
        secretHash: 'hash of k1',
        userId: 'usr_a',
        workspace: 'default',
        scopes: ['code:read', 'code:write'],
        upstreams: ['code'],
        expiresAt: 9000,
        revokedAt: null,
        ownerInactive: false,
        attributionSalt: expect.stringMatching(/^[\w-]{22}$/),
      })
    })

    it('answers undefined for an unknown key, and finds it as soon as it exists', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await store.apiKeys.findForCall('k1')).toBeUndefined()
      await addKey(store, 'k1')
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ id: 'k1' })
    })

    it('calls the owner inactive from the next call after they are disabled, and active once enabled', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ ownerInactive: false })
      await store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ ownerInactive: true })
      await store.users.setDisabled('usr_a', null, 6, admin)
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ ownerInactive: false })
    })

    it('refuses a key for a disabled user, for a stranger and for a workspace the user is not in', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b', 'other')
      const create = (key: ReturnType<typeof newKey>) => store.apiKeys.create(key, { maxPerUser: 9 }, admin)
      expect(await create(newKey('k1', { userId: 'usr_nobody' }))).toStrictEqual({
        outcome: 'owner_inactive',
      })
      expect(await create(newKey('k2', { workspace: 'other' }))).toStrictEqual({ outcome: 'owner_inactive' })
      await store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await create(newKey('k3'))).toStrictEqual({ outcome: 'owner_inactive' })
      expect(await store.apiKeys.list({})).toStrictEqual([])
    })

    it('counts the active keys of all owners at a time', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b')
      expect(await store.apiKeys.countActive(2000)).toBe(0)
      await addKey(store, 'k1')
      await addKey(store, 'k2', { userId: 'usr_b', expiresAt: null })
      await addKey(store, 'k3', { expiresAt: 3000 })
      await addKey(store, 'k4')
      await store.apiKeys.revoke('k4', 1500, {}, admin)
      const successor = { id: 'k5', secretHash: 'h', createdAt: 1500, expiresAt: null }
      await store.apiKeys.rotate('k1', successor, 2500, {}, admin)
      expect(await store.apiKeys.countActive(2000)).toBe(3)
      expect(await store.apiKeys.countActive(3000)).toBe(2)
    })

    it('counts only active keys of that owner against the limit', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b')
      await addKey(store, 'other', { userId: 'usr_b' })
      await addKey(store, 'expired', { createdAt: 1, expiresAt: 1000 })
      await addKey(store, 'revoked')
      await store.apiKeys.revoke('revoked', 900, {}, admin)
      await addKey(store, 'lasting', { expiresAt: null })
      await store.apiKeys.rotate(
        'lasting',
        { id: 'next', secretHash: 'h', createdAt: 900, expiresAt: null },
        5000,
        {},
        admin,
      )
      const create = (id: string) => store.apiKeys.create(newKey(id), { maxPerUser: 2 }, admin)
      expect(await create('k1')).toStrictEqual({ outcome: 'created' })
      expect(await create('k2')).toStrictEqual({ outcome: 'limit_reached', limit: 2 })
    })

    it('lets exactly ten of twenty simultaneous creations from two instances through a limit of ten', async () => {
      const location = await databases.newLocation()
      const instances = [databases.open(location), databases.open(location)] as const
      await instances[0].migrate()
      await addUser(instances[0])
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          instances[index % 2 === 0 ? 0 : 1].apiKeys.create(newKey(`k${index}`), { maxPerUser: 10 }, admin),
        ),
      )
      expect(outcomes.filter(({ outcome }) => outcome === 'created')).toHaveLength(10)
      expect(outcomes.filter(({ outcome }) => outcome === 'limit_reached')).toHaveLength(10)
      expect(await instances[1].apiKeys.list({ userId: 'usr_a' })).toHaveLength(10)
    })

    it('lists the keys of one user or of everybody, without secrets', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b')
      await addKey(store, 'k1')
      await addKey(store, 'k2', { userId: 'usr_b', createdAt: 1001 })
      expect((await store.apiKeys.list({})).map(({ id }) => id)).toStrictEqual(['k1', 'k2'])
      expect(await store.apiKeys.list({ userId: 'usr_a' })).toStrictEqual([
        {
          id: 'k1',
          userId: 'usr_a',
          workspace: 'default',
          name: 'laptop',
          scopes: ['code:read', 'code:write'],
          upstreams: ['code'],
          createdAt: 1000,
          expiresAt: 9000,
          lastUsedAt: null,
          revokedAt: null,
          replacedBy: null,
        },
      ])
    })

    it('records the last use of many keys, never backwards', async () => {
      const store = await databases.newStore()
      await addUser(store)
      for (const id of ['k1', 'k2', 'k3']) await addKey(store, id)
      await store.apiKeys.recordUse(new Map())
      await store.apiKeys.recordUse(
        new Map([
          ['k1', 1500],
          ['k2', 1600],
          ['missing', 1],
        ]),
      )
      await store.apiKeys.recordUse(
        new Map([
          ['k1', 1400],
          ['k2', 1_900_000_000_000],
        ]),
      )
      const used = (await store.apiKeys.list({})).map(({ lastUsedAt }) => lastUsedAt)
      expect(used).toStrictEqual([1500, 1_900_000_000_000, null])
    })

    it('records the same keys from two instances at once', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      const ids = Array.from({ length: 50 }, (_, index) => `k${index}`)
      for (const id of ids) await addKey(one, id)
      const uses = ids.map((id, index) => [id, 2000 + index] as const)
      await Promise.all(
        Array.from({ length: 10 }, () => [
          one.apiKeys.recordUse(new Map(uses)),
          two.apiKeys.recordUse(new Map(uses.toReversed())),
        ]).flat(),
      )
      expect((await two.apiKeys.list({})).every(({ lastUsedAt }) => lastUsedAt !== null)).toBe(true)
    })

    it('writes no audit row for what did not happen', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      await store.apiKeys.create(newKey('k2'), { maxPerUser: 1 }, admin)
      await store.apiKeys.revoke('k3', 1, {}, admin)
      // The id is taken, so the insert fails after the limit check: nothing of the transaction may stay.
      await expect(store.apiKeys.create(newKey('k1'), { maxPerUser: 9 }, admin)).rejects.toThrow()
      expect(actions(await store.audit.list({ limit: 10 }))).toStrictEqual([
        'key.created k1',
        'user.added usr_a',
      ])
    })
  })
}
