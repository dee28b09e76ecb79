import { describe, expect, it } from 'vitest'
import type { NewConsent } from '../../src/oauth/consent-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { onEachDatabase } from './databases.ts'
import { actions, addUser, admin } from './records.ts'

const consent = (id: string, more: Partial<NewConsent> = {}): NewConsent => ({
  id,
  userId: 'usr_a',
  clientId: 'cli_1',
  workspace: 'default',
  resource: 'https://mcp.example.com/mcp',
  scopes: ['code:read'],
  flow: 'authorization_code',
  at: 10,
  ...more,
})

const token = (store: Store, id: string, consentId: string, expiresAt = 900_000) =>
  store.accessTokens.record({
    id,
    consentId,
    userId: 'usr_a',
    familyId: null,
    clientId: 'cli_1',
    workspace: 'default',
    refreshTokenHash: null,
    issuedAt: 1,
    expiresAt,
  })

onEachDatabase((databases) => {
  describe('the consent store', () => {
    it('grants to a member, and one consent grows', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await store.consents.grant(consent('con_1'))).toStrictEqual({ id: 'con_1', isNew: true })
      const more = consent('con_2', { scopes: ['code:write', 'code:read'], at: 20 })
      expect(await store.consents.grant(more)).toStrictEqual({ id: 'con_1', isNew: false })
      expect(await store.consents.find('con_1')).toStrictEqual({
        id: 'con_1',
        userId: 'usr_a',
        clientId: 'cli_1',
        workspace: 'default',
        resource: 'https://mcp.example.com/mcp',
        scopes: ['code:read', 'code:write'],
        userInactive: false,
      })
      expect(await store.consents.find('con_2')).toBeUndefined()
      expect(await store.consents.countActive()).toBe(1)
      const rows = await store.audit.list({ target: 'con_1', limit: 9 })
      expect(actions(rows)).toStrictEqual(['consent.granted con_1', 'consent.granted con_1'])
      expect(rows[0]).toMatchObject({ actorKind: 'user', actorId: 'usr_a', workspace: 'default', time: 20 })
    })

    it('grants to nobody who is disabled, unknown, or no member of the workspace', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b', 'other')
      expect(await store.consents.grant(consent('c', { workspace: 'other' }))).toBeNull()
      expect(await store.consents.grant(consent('c', { userId: 'usr_x' }))).toBeNull()
      await store.users.setDisabled('usr_a', 1, 1, admin)
      expect(await store.consents.grant(consent('c'))).toBeNull()
      expect(await store.consents.countActive()).toBe(0)
    })

    it('makes one of twenty answers at once, from two instances', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      const granted = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? one : two).consents.grant(consent(`con_${index}`, { scopes: [`s${index}`] })),
        ),
      )
      expect(granted.filter((answer) => answer?.isNew === true)).toHaveLength(1)
      expect(new Set(granted.map((answer) => answer?.id)).size).toBe(1)
      expect((await one.consents.list('usr_a'))[0]?.scopes).toHaveLength(20)
    })

    it('finds those for the same user, client and resource, one for each workspace', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'a', 'red')
      await addUser(store, 'b')
      await store.consents.grant(consent('con_1'))
      await store.consents.grant(consent('con_2', { workspace: 'red' }))
      await store.consents.grant(consent('con_3', { userId: 'usr_b' }))
      await store.consents.grant(consent('con_4', { clientId: 'cli_2' }))
      await store.consents.grant(consent('con_5', { resource: 'https://mcp.example.com/mcp/x' }))
      const alike = await store.consents.findAlike('usr_a', 'cli_1', 'https://mcp.example.com/mcp')
      expect(alike.map(({ id }) => id).toSorted()).toStrictEqual(['con_1', 'con_2'])
      await store.users.setDisabled('usr_a', 1, 1, admin)
      expect(await store.consents.find('con_1')).toMatchObject({ userInactive: true })
    })

    it('lists those that hold, the newest first', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await store.consents.grant(consent('con_1'))
      await store.consents.grant(consent('con_2', { clientId: 'cli_2', at: 20, flow: 'device_code' }))
      await store.consents.grant(consent('con_3', { clientId: 'cli_3', at: 30 }))
      await store.consents.revoke('con_3', 40, admin)
      expect(await store.consents.list('usr_a')).toMatchObject([
        { id: 'con_2', clientName: 'cli_2', flow: 'device_code', grantedAt: 20, lastUsedAt: null },
        { id: 'con_1', scopes: ['code:read'] },
      ])
      await token(store, 'at', 'con_1')
      await store.accessTokens.recordUse(new Map([['at', 55]]))
      expect((await store.consents.list('usr_a'))[1]).toMatchObject({ lastUsedAt: 55 })
      expect(await store.consents.list('usr_x')).toStrictEqual([])
    })

    it('revokes once, within a user where one is named, and says whether tokens ended', async () => {
      const store = await databases.newStore()
      await addUser(store)
      for (const [index, clientId] of ['cli_1', 'cli_2', 'cli_3'].entries()) {
        await store.consents.grant(consent(`con_${index + 1}`, { clientId }))
      }
      await token(store, 'live', 'con_1')
      await token(store, 'over', 'con_2', 45)
      const user = { kind: 'user', id: 'usr_b' } as const
      expect(await store.consents.revoke('con_1', 50, user, 'usr_b')).toBeUndefined()
      expect(await store.consents.revoke('none', 50, admin)).toBeUndefined()
      expect(await store.accessTokens.findForCall('live')).toMatchObject({ consentRevoked: false })
      expect(await store.consents.revoke('con_1', 50, admin)).toStrictEqual({
        id: 'con_1',
        endedTokens: true,
      })
      expect(await store.accessTokens.findForCall('live')).toMatchObject({ consentRevoked: true })
      expect(await store.consents.revoke('con_1', 51, admin)).toBeUndefined()
      expect(await store.consents.revokeAll('usr_a', 52, admin)).toStrictEqual([
        { id: 'con_2', endedTokens: false },
        { id: 'con_3', endedTokens: false },
      ])
      expect(await store.consents.revokeAll('usr_a', 53, admin)).toStrictEqual([])
      expect(await store.consents.countActive()).toBe(0)
      const rows = await store.audit.list({ action: 'consent.revoked', limit: 9 })
      expect(rows).toHaveLength(3)
      // Allowed again, it is another consent.
      expect(await store.consents.grant(consent('con_9'))).toStrictEqual({ id: 'con_9', isNew: true })
    })

    it('ten revocations at once from two instances: one takes', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      await one.consents.grant(consent('con_1'))
      const revoked = await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? one : two).consents.revoke('con_1', 5, admin),
        ),
      )
      expect(revoked.filter((answer) => answer !== undefined)).toHaveLength(1)
    })

    it('forgets those revoked long ago', async () => {
      const store = await databases.newStore()
      await addUser(store)
      for (const [index, clientId] of ['cli_1', 'cli_2', 'cli_3'].entries()) {
        await store.consents.grant(consent(`con_${index}`, { clientId }))
        if (index < 2) await store.consents.revoke(`con_${index}`, 100 + index, admin)
      }
      expect(await store.consents.forgetBefore(101, 10)).toBe(1)
      expect(await store.consents.forgetBefore(200, 10)).toBe(1)
      expect(await store.consents.forgetBefore(200, 10)).toBe(0)
      expect(await store.consents.countActive()).toBe(1)
    })
  })
})
