import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'
import { actions, addKey, addUser, admin } from './records.ts'

/** What every user store does. */
export function userStoreContract(databases: TestDatabases): void {
  describe('the user store', () => {
    it('T36: erases a person with their keys and salt, on every instance at once', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one, 'a')
      await addUser(one, 'b')
      await addKey(one, 'k1')
      expect(await two.apiKeys.findForCall('k1')).toMatchObject({ userId: 'usr_a' })
      const people = await one.users.listPseudonymous()
      expect(people.map(({ userId, keyIds }) => [userId, keyIds]).toSorted()).toStrictEqual([
        ['usr_a', ['k1']],
        ['usr_b', []],
      ])
      expect(new Set(people.map(({ salt }) => salt)).size).toBe(2)
      expect(await one.users.erase('usr_a', 5000, admin)).toBe(true)
      expect(await two.apiKeys.findForCall('k1')).toBeUndefined()
      expect((await two.users.listPseudonymous()).map(({ userId }) => userId)).toStrictEqual(['usr_b'])
      expect(await two.users.findByEmail('a@example.com')).toBeUndefined()
      expect(await one.users.erase('usr_a', 5001, admin)).toBe(false)
      expect(actions(await one.audit.list({ limit: 1 }))).toStrictEqual(['user.erased usr_a'])
    })

    it('adds a user, then a second workspace, then nothing', async () => {
      const store = await databases.newStore()
      const add = (id: string, workspace: string) =>
        store.users.add({ id, email: 'a@example.com', workspace, role: 'operator', at: 7 }, admin)
      const user = {
        id: 'usr_a',
        email: 'a@example.com',
        createdAt: 7,
        disabledAt: null,
        authSource: 'local',
      } as const
      expect(await add('usr_a', 'blue')).toStrictEqual({ outcome: 'added', user })
      expect(await add('usr_other', 'amber')).toStrictEqual({ outcome: 'joined', user })
      expect(await add('usr_third', 'blue')).toStrictEqual({ outcome: 'already_member', user })
      expect(await store.users.findByEmail('a@example.com')).toStrictEqual({
        user,
        memberships: [
          { userId: 'usr_a', workspace: 'amber', role: 'operator' },
          { userId: 'usr_a', workspace: 'blue', role: 'operator' },
        ],
      })
      expect(actions(await store.audit.list({ limit: 9 }))).toStrictEqual([
        'user.joined_workspace usr_a',
        'user.added usr_a',
      ])
    })

    it('adds one user when many instances add the same person at once', async () => {
      const location = await databases.newLocation()
      const instances = [databases.open(location), databases.open(location)] as const
      await instances[0].migrate()
      const outcomes = await Promise.all(
        Array.from({ length: 12 }, (_, index) =>
          instances[index % 2 === 0 ? 0 : 1].users.add(
            { id: `usr_${index}`, email: 'a@example.com', workspace: 'default', role: 'user', at: 1 },
            admin,
          ),
        ),
      )
      expect(outcomes.filter(({ outcome }) => outcome === 'added')).toHaveLength(1)
      expect(outcomes.filter(({ outcome }) => outcome === 'already_member')).toHaveLength(11)
      expect(new Set(outcomes.map(({ user }) => user.id)).size).toBe(1)
      expect(await instances[1].users.list()).toHaveLength(1)
    })

    it('T29: keeps the provider that made an account, and counts the enabled by it', async () => {
      const store = await databases.newStore()
      const add = (letter: string, authSource: 'github' | 'oidc' | 'local', workspace = 'default') =>
        store.users.add(
          { id: `usr_${letter}`, email: `${letter}@x.org`, workspace, role: 'user', at: 1, authSource },
          admin,
        )
      await add('a', 'github')
      await add('a', 'oidc', 'other')
      await add('b', 'github')
      await add('c', 'github')
      await add('d', 'local')
      await store.users.setDisabled('usr_c', 5, 5, admin)
      expect(await store.users.find('usr_a')).toMatchObject({ user: { authSource: 'github' } })
      expect(await store.users.find('usr_x')).toBeUndefined()
      expect(await store.users.countActiveBySource()).toStrictEqual(
        new Map([
          ['github', 2],
          ['local', 1],
        ]),
      )
    })

    it('says whether there is an enabled administrator', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await store.users.hasAdmin()).toBe(false)
      await store.users.add(
        { id: 'usr_z', email: 'z@x.org', workspace: 'other', role: 'admin', at: 1 },
        admin,
      )
      expect(await store.users.hasAdmin()).toBe(true)
      await store.users.setDisabled('usr_z', 5, 5, admin)
      expect(await store.users.hasAdmin()).toBe(false)
    })

    it('finds nobody under an unknown address', async () => {
      const store = await databases.newStore()
      expect(await store.users.findByEmail('a@example.com')).toBeUndefined()
    })

    it('lists everybody by address', async () => {
      const store = await databases.newStore()
      await addUser(store, 'b')
      await addUser(store, 'a', 'other')
      const listed = await store.users.list()
      expect(listed.map(({ user }) => user.email)).toStrictEqual(['a@example.com', 'b@example.com'])
      expect(listed.map(({ memberships }) => memberships.map(({ workspace }) => workspace))).toStrictEqual([
        ['other'],
        ['default'],
      ])
    })

    it('counts everybody, the disabled too, and the erased no more', async () => {
      const store = await databases.newStore()
      expect(await store.users.count()).toBe(0)
      await addUser(store)
      await addUser(store, 'a', 'other')
      await addUser(store, 'b')
      await store.users.setDisabled('usr_b', 5, 5, admin)
      expect(await store.users.count()).toBe(2)
      await store.users.erase('usr_b', 6, admin)
      expect(await store.users.count()).toBe(1)
    })

    it('disables and enables, and audits only what changed', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await store.users.setDisabled('usr_nobody', 5, 5, admin)).toBe(false)
      expect(await store.users.setDisabled('usr_a', 5, 5, admin)).toBe(true)
      expect(await store.users.setDisabled('usr_a', 8, 8, admin)).toBe(true)
      expect(await store.users.findByEmail('a@example.com')).toMatchObject({ user: { disabledAt: 5 } })
      expect(await store.users.setDisabled('usr_a', null, 9, admin)).toBe(true)
      expect(await store.users.findByEmail('a@example.com')).toMatchObject({ user: { disabledAt: null } })
      expect(actions(await store.audit.list({ limit: 9 }))).toStrictEqual([
        'user.enabled usr_a',
        'user.disabled usr_a',
        'user.added usr_a',
      ])
    })
  })
}
