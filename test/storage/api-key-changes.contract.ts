import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'
import { actions, addKey, addUser, admin } from './records.ts'

/** How every API key store rotates and revokes. */
export function apiKeyChangesContract(databases: TestDatabases): void {
  describe('the API key store', () => {
    it('rotates: the successor is like the old key, which works until the grace ends', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ expiresAt: 9000 })
      const successor = { id: 'k2', secretHash: 'hash of k2', createdAt: 2000, expiresAt: null }
      expect(await store.apiKeys.rotate('k1', successor, 3000, {}, admin)).toStrictEqual({
        outcome: 'rotated',
        successor: {
          id: 'k2',
          userId: 'usr_a',
          workspace: 'default',
          name: 'laptop',
          scopes: ['code:read', 'code:write'],
          upstreams: ['code'],
          createdAt: 2000,
          expiresAt: null,
          lastUsedAt: null,
          revokedAt: null,
          replacedBy: null,
        },
      })
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ expiresAt: 3000, revokedAt: null })
      expect(await store.apiKeys.findForCall('k2')).toMatchObject({
        secretHash: 'hash of k2',
        expiresAt: null,
      })
      const [old] = await store.apiKeys.list({})
      expect(old).toMatchObject({ id: 'k1', replacedBy: 'k2' })
    })

    it('never lengthens a life by rotation', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1', { expiresAt: 2500 })
      const successor = { id: 'k2', secretHash: 'h', createdAt: 2000, expiresAt: null }
      await store.apiKeys.rotate('k1', successor, 3000, {}, admin)
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ expiresAt: 2500 })
    })

    it('does not rotate a key that is missing, foreign, revoked, expired or rotated already', async () => {
      const store = await databases.newStore()
      await addUser(store)
      for (const id of ['k1', 'revoked', 'rotated']) await addKey(store, id)
      await addKey(store, 'expired', { expiresAt: 2000 })
      const rotate = (id: string, filter: { userId?: string } = {}) => {
        const successor = { id: `after ${id}`, secretHash: 'h', createdAt: 2000, expiresAt: null }
        return store.apiKeys.rotate(id, successor, 3000, filter, admin)
      }
      await store.apiKeys.revoke('revoked', 1500, {}, admin)
      await rotate('rotated')
      expect(await rotate('missing')).toStrictEqual({ outcome: 'not_found' })
      expect(await rotate('k1', { userId: 'usr_b' })).toStrictEqual({ outcome: 'not_found' })
      for (const id of ['revoked', 'rotated', 'expired']) {
        expect(await rotate(id)).toStrictEqual({ outcome: 'not_active' })
      }
      expect(await store.apiKeys.list({})).toHaveLength(5)
    })

    it('lets one of several simultaneous rotations and revocations win', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      await addKey(one, 'k1')
      const rotate = (store: typeof one, id: string) =>
        store.apiKeys.rotate('k1', { id, secretHash: 'h', createdAt: 2000, expiresAt: null }, 3000, {}, admin)
      const rotations = await Promise.all([rotate(one, 'k2'), rotate(two, 'k3'), rotate(one, 'k4')])
      expect(rotations.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1)
      const revocations = await Promise.all(
        [one, two, one].map((store) => store.apiKeys.revoke('k1', 2100, {}, admin)),
      )
      expect(revocations.filter(Boolean)).toHaveLength(1)
      expect(actions(await two.audit.list({ target: 'k1', limit: 10 }))).toStrictEqual([
        'key.revoked k1',
        'key.rotated k1',
        'key.created k1',
      ])
    })

    it('revokes once: missing, foreign and already revoked look alike', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      expect(await store.apiKeys.revoke('missing', 2000, {}, admin)).toBeUndefined()
      expect(await store.apiKeys.revoke('k1', 2000, { userId: 'usr_b' }, admin)).toBeUndefined()
      expect(await store.apiKeys.revoke('k1', 2000, { userId: 'usr_a' }, admin)).toEqual({ endsNow: true })
      expect(await store.apiKeys.revoke('k1', 2001, {}, admin)).toBeUndefined()
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ revokedAt: 2000 })
    })

    it('T31: marks each key that has expired once, over several instances, and none that ended before', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      for (let n = 0; n < 30; n += 1) await addKey(one, `k${n}`, { expiresAt: 9000 })
      await addKey(one, 'endless', { expiresAt: null })
      await addKey(one, 'later', { expiresAt: 9001 })
      await one.apiKeys.revoke('k0', 8000, {}, admin)
      const successor = { id: 'k1b', secretHash: 'h', createdAt: 8000, expiresAt: null }
      await one.apiKeys.rotate('k1', successor, 8500, {}, admin)
      expect(await one.apiKeys.markExpired(8999, 100)).toBe(0)
      const sweep = async (store: typeof one) => {
        let total = 0
        for (;;) {
          const marked = await store.apiKeys.markExpired(9000, 7)
          total += marked
          if (marked < 7) return total
        }
      }
      const [first, second] = await Promise.all([sweep(one), sweep(two)])
      expect(first + second + (await sweep(one))).toBe(28)
      expect(await two.apiKeys.markExpired(9000, 100)).toBe(0)
      // Its end has been counted: whoever revokes it now only makes sure.
      expect(await two.apiKeys.revoke('k2', 9500, {}, admin)).toEqual({ endsNow: false })
    })

    it('revokes a key in its grace, too', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      await store.apiKeys.rotate(
        'k1',
        { id: 'k2', secretHash: 'h', createdAt: 2000, expiresAt: null },
        3000,
        {},
        admin,
      )
      expect(await store.apiKeys.revoke('k1', 2100, {}, admin)).toEqual({ endsNow: false })
      expect(await store.apiKeys.findForCall('k1')).toMatchObject({ revokedAt: 2100 })
      expect(await store.apiKeys.findForCall('k2')).toMatchObject({ revokedAt: null })
    })
  })
}
