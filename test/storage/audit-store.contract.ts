import { describe, expect, it } from 'vitest'
import type { AuditFilter, AuditRow } from '../../src/telemetry/audit-store.ts'
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
        clientId: null,
        credentialId: null,
        address: null,
        reason: null,
        requestId: null,
        traceId: null,
        count: 1,
      })
    })

    it('takes rows in batches and gives them back as they were, by each filter', async () => {
      const store = await databases.newStore()
      const rows = Array.from({ length: 1200 }, (_, n) => auditRow(n))
      await store.audit.append(rows)
      expect(await store.audit.list({ limit: 2000 })).toStrictEqual(rows.toReversed())
      const found = async (filter: Omit<AuditFilter, 'limit'>) =>
        (await store.audit.list({ ...filter, limit: 2000 })).length
      expect(await found({ actorId: 'usr_1' })).toBe(120)
      expect(await found({ workspace: 'w2' })).toBe(400)
      expect(await found({ action: 'key.created' })).toBe(0)
      expect(await found({ since: 100, until: 200 })).toBe(100)
      expect(await found({ actorId: 'usr_1', since: 100, until: 200 })).toBe(10)
    })

    it('forgets what is old, a bite at a time', async () => {
      const store = await databases.newStore()
      await store.audit.append(Array.from({ length: 30 }, (_, n) => auditRow(n)))
      expect(await store.audit.forgetBefore(25, 10)).toBe(10)
      expect((await store.audit.list({ limit: 99 })).at(-1)?.time).toBe(10)
      expect(await store.audit.forgetBefore(25, 100)).toBe(15)
      expect(await store.audit.forgetBefore(25, 100)).toBe(0)
      expect(await store.audit.list({ limit: 99 })).toHaveLength(5)
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

function auditRow(n: number): AuditRow {
  return {
    id: `aud_${n}`,
    time: n,
    actorKind: 'user',
    actorId: `usr_${n % 10}`,
    workspace: `w${n % 3}`,
    clientId: n % 2 === 0 ? 'client' : null,
    credentialId: 'k1',
    address: '127.0.0.1',
    action: 'mcp.call',
    target: 'code tools/call read',
    outcome: 'failed',
    reason: '-32602',
    requestId: 'req_1',
    traceId: 'a'.repeat(32),
    count: 2,
  }
}
