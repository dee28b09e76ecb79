import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'
import { actions, addKey, addUser } from './records.ts'

/** What every audit store does. */
export function auditStoreContract(databases: TestDatabases): void {
  describe('the audit store', () => {
    it('says who did what to whom, and when', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addKey(store, 'k1')
      const actor = { kind: 'user', id: 'usr_a' } as const
      await store.apiKeys.revoke('k1', 2000, {}, actor)
      const [row] = await store.audit.list({ limit: 1 })
      expect(row).toStrictEqual({
        id: expect.stringMatching(/^aud_[0-9A-Za-z]{20}$/),
        time: 2000,
        actorKind: 'user',
        actorId: 'usr_a',
        workspace: 'default',
        action: 'key.revoked',
        target: 'k1',
        outcome: 'success',
      })
    })

    it('lists newest first, rows of one millisecond in their order, to a limit and for one target', async () => {
      const store = await databases.newStore()
      await addUser(store)
      for (const id of ['k1', 'k2', 'k3']) await addKey(store, id)
      const newest = ['key.created k3', 'key.created k2', 'key.created k1', 'user.added usr_a']
      expect(actions(await store.audit.list({ limit: 9 }))).toStrictEqual(newest)
      expect(actions(await store.audit.list({ limit: 2 }))).toStrictEqual(newest.slice(0, 2))
      expect(actions(await store.audit.list({ target: 'k2', limit: 9 }))).toStrictEqual(['key.created k2'])
      expect(await store.audit.list({ target: 'nothing', limit: 9 })).toStrictEqual([])
    })
  })
}
