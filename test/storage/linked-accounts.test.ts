import { describe, expect, it } from 'vitest'
import { createResolveAccount } from '../../src/identity/linked-account.ts'
import type { AccountRules } from '../../src/identity/linked-account.ts'
import type { Vouched } from '../../src/identity/sign-in-provider.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import { onEachDatabase } from './databases.ts'
import { firefox, replica } from './login-scene.ts'
import { actions, addUser, admin } from './records.ts'

const clock = stoppedClock()

const closed: AccountRules = { linkByEmail: false, signUpWorkspace: null, signUpDomains: [] }
const linking: AccountRules = { ...closed, linkByEmail: true }
const open: AccountRules = { ...closed, signUpWorkspace: 'default' }
const both: AccountRules = { ...open, linkByEmail: true }

/** `a@example.com` of the user `usr_a`, as GitHub vouches for it. */
function vouched(more: Partial<Vouched> = {}): Vouched {
  const issuer = 'https://github.com'
  return { provider: 'github', issuer, subject: '4711', email: 'a@example.com', emailVerified: true, ...more }
}

function resolving(store: Store, rules: AccountRules) {
  return createResolveAccount(rules, { accounts: store.linkedAccounts, clock, random: systemRandom })
}

function refused(reason: string) {
  return { outcome: 'refused', reason }
}

onEachDatabase((databases) => {
  describe('an account that is linked', () => {
    it('auth 17: is found by issuer and subject, whatever its address is now', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await resolving(store, linking)(vouched())).toStrictEqual({ outcome: 'linked', userId: 'usr_a' })
      const known = { outcome: 'known', userId: 'usr_a' }
      const resolve = resolving(store, closed)
      expect(await resolve(vouched())).toStrictEqual(known)
      expect(await resolve(vouched({ email: 'moved@example.org', emailVerified: false }))).toStrictEqual(
        known,
      )
      expect(await resolve(vouched({ email: null, emailVerified: false }))).toStrictEqual(known)
    })

    it('T3: is another at another issuer, and for another subject', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await resolving(store, linking)(vouched())
      const resolve = resolving(store, closed)
      expect(await resolve(vouched({ issuer: 'https://ghe.example.com' }))).toStrictEqual(
        refused('no_account'),
      )
      expect(await resolve(vouched({ subject: '47110' }))).toStrictEqual(refused('no_account'))
    })

    it('is inactive while its user is disabled', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await resolving(store, linking)(vouched())
      await store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await resolving(store, both)(vouched())).toStrictEqual(refused('inactive'))
      await store.users.setDisabled('usr_a', null, 6, admin)
      expect(await resolving(store, both)(vouched())).toStrictEqual({ outcome: 'known', userId: 'usr_a' })
    })

    it('is listed for its user alone, by who has it and where', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await addUser(store, 'b')
      expect(await store.linkedAccounts.list('usr_a')).toStrictEqual([])
      await resolving(store, linking)(vouched())
      const later = stoppedClock()
      later.advance(1000)
      const link = createResolveAccount(linking, {
        accounts: store.linkedAccounts,
        clock: later,
        random: systemRandom,
      })
      await link(vouched({ provider: 'gitea', issuer: 'https://git.example.com' }))
      expect(await store.linkedAccounts.list('usr_a')).toStrictEqual([
        { provider: 'github', issuer: 'https://github.com', linkedAt: clock.now() },
        { provider: 'gitea', issuer: 'https://git.example.com', linkedAt: later.now() },
      ])
      expect(await store.linkedAccounts.list('usr_b')).toStrictEqual([])
      await store.users.erase('usr_a', 9, admin)
      expect(await store.linkedAccounts.list('usr_a')).toStrictEqual([])
    })

    it('is gone with its user: the next sign-in is a stranger', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await resolving(store, linking)(vouched())
      expect(await store.users.erase('usr_a', 9, admin)).toBe(true)
      expect(await resolving(store, linking)(vouched())).toStrictEqual(refused('no_account'))
    })
  })

  describe('linking by address', () => {
    it('auth 17: happens only where it is configured, and is audited', async () => {
      const store = await databases.newStore()
      await addUser(store)
      expect(await resolving(store, closed)(vouched())).toStrictEqual(refused('no_account'))
      expect(await resolving(store, open)(vouched())).toStrictEqual(refused('email_taken'))
      expect(await resolving(store, linking)(vouched({ email: ' A@Example.COM ' }))).toMatchObject({
        outcome: 'linked',
      })
      const rows = await store.audit.list({ action: 'user.linked', limit: 9 })
      expect(rows).toMatchObject([{ actorKind: 'user', actorId: 'usr_a', target: 'usr_a', reason: 'github' }])
    })

    it('never happens by an address the provider does not call verified', async () => {
      const store = await databases.newStore()
      await addUser(store)
      const unproven = vouched({ emailVerified: false })
      expect(await resolving(store, linking)(unproven)).toStrictEqual(refused('no_account'))
      // Who cannot prove an address does not learn that it is somebody's.
      expect(await resolving(store, both)(unproven)).toStrictEqual(refused('no_account'))
      expect(await store.users.count()).toBe(1)
    })

    it('never happens by an address that only folds onto the one here', async () => {
      const store = await databases.newStore()
      await addUser(store, 'k')
      const kelvin = vouched({ email: '\u212a@example.com' })
      expect(await resolving(store, both)(kelvin)).toStrictEqual(refused('no_account'))
    })

    it('never happens to a disabled account', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await resolving(store, both)(vouched())).toStrictEqual(refused('inactive'))
      expect(await store.audit.list({ action: 'user.linked', limit: 9 })).toStrictEqual([])
    })

    it('never happens twice for one issuer: the address has gone to somebody else', async () => {
      const store = await databases.newStore()
      await addUser(store)
      const resolve = resolving(store, both)
      await resolve(vouched())
      expect(await resolve(vouched({ subject: '4712' }))).toStrictEqual(refused('email_taken'))
      const gitea = vouched({ provider: 'gitea', issuer: 'https://git.example.com' })
      expect(await resolve(gitea)).toStrictEqual({ outcome: 'linked', userId: 'usr_a' })
    })

    it('never gives the owner of an address into an account that somebody made with it unproven', async () => {
      const store = await databases.newStore()
      const squatter = vouched({ provider: 'oidc', issuer: 'https://idp.example', emailVerified: false })
      expect(await resolving(store, both)(squatter)).toMatchObject({ outcome: 'signed_up' })
      expect(await resolving(store, both)(vouched())).toStrictEqual(refused('email_taken'))
      const added = await store.users.add(
        { id: 'usr_x', email: 'a@example.com', workspace: 'other', role: 'admin', at: 1 },
        admin,
      )
      expect(added).toMatchObject({ outcome: 'address_unproven' })
      const found = await store.users.findByEmail('a@example.com')
      expect(found?.memberships).toMatchObject([{ workspace: 'default', role: 'user' }])
    })

    it('T29: leaves the account with who made it; the session has who really signed in', async () => {
      const store = await databases.newStore()
      const resolve = resolving(store, both)
      const made = await resolve(vouched())
      const gitea = vouched({ provider: 'gitea', issuer: 'https://git.example.com', subject: '1' })
      const linked = await resolve(gitea)
      const userId = made.outcome === 'refused' ? '' : made.userId
      expect(linked).toStrictEqual({ outcome: 'linked', userId })
      expect((await store.users.find(userId))?.user).toMatchObject({ authSource: 'github' })
      const { sessions, said } = replica(store, clock)
      await sessions.start({ userId, provider: gitea.provider }, firefox, { remember: false, replaces: null })
      expect(said).toStrictEqual(['started gitea'])
      expect(await sessions.list(userId)).toMatchObject([{ provider: 'gitea' }])
      expect(await store.users.countActiveBySource()).toStrictEqual(new Map([['github', 1]]))
    })
  })

  describe('sign-up', () => {
    it('auth 17: makes an account with the place of a user, and says so in the audit log', async () => {
      const store = await databases.newStore()
      const made = await resolving(store, { ...open, signUpWorkspace: 'blue' })(vouched())
      const userId = made.outcome === 'refused' ? '' : made.userId
      expect(made).toStrictEqual({ outcome: 'signed_up', userId: expect.stringMatching(/^usr_/) as unknown })
      expect(await store.users.findByEmail('a@example.com')).toMatchObject({
        user: { id: userId, authSource: 'github', disabledAt: null },
        memberships: [{ workspace: 'blue', role: 'user' }],
      })
      expect(actions(await store.audit.list({ limit: 9 }))).toStrictEqual([
        `user.linked ${userId}`,
        `user.added ${userId}`,
      ])
      expect(await resolving(store, closed)(vouched())).toStrictEqual({ outcome: 'known', userId })
    })

    it('goes by the domain of a verified address, exactly', async () => {
      const store = await databases.newStore()
      const resolve = resolving(store, { ...open, signUpDomains: ['Example.com', 'bücher.example'] })
      const outcomes = async (email: string, emailVerified = true) =>
        (await resolve(vouched({ subject: email, email, emailVerified }))).outcome
      for (const email of [
        'a@sub.example.com',
        'a@example.com.evil.org',
        'a@evilexample.com',
        'a@example.co',
        '"a@example.com"@evil.org',
        'a@example.com@evil.org',
      ])
        expect(await outcomes(email), email).toBe('refused')
      expect(await outcomes('a@example.com', false)).toBe('refused')
      expect(await store.users.count()).toBe(0)
      expect(await outcomes('A@EXAMPLE.com')).toBe('signed_up')
      expect(await outcomes('b@xn--bcher-kva.example')).toBe('signed_up')
    })

    it('says when it is the address that is missing', async () => {
      const store = await databases.newStore()
      const nameless = vouched({ email: null, emailVerified: false })
      expect(await resolving(store, open)(nameless)).toStrictEqual(refused('no_email'))
      expect(await resolving(store, linking)(nameless)).toStrictEqual(refused('no_email'))
      expect(await resolving(store, open)(vouched({ email: 'no address' }))).toStrictEqual(
        refused('no_email'),
      )
      expect(await resolving(store, closed)(nameless)).toStrictEqual(refused('no_account'))
    })

    it('takes no subject that could be nobody', async () => {
      const store = await databases.newStore()
      for (const subject of ['', ' ', 'a\u0000b', 'ä', 'x'.repeat(256)])
        expect(await resolving(store, both)(vouched({ subject }))).toStrictEqual(refused('no_account'))
      expect(await store.users.count()).toBe(0)
    })

    it('makes one account when one person signs in many times at once, on two instances', async () => {
      const location = await databases.newLocation()
      const instances = [databases.open(location), databases.open(location)] as const
      await instances[0].migrate()
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, index) => {
          // Their address changes in the middle of it.
          const email = index % 3 === 0 ? 'a@example.com' : 'b@example.com'
          return resolving(index % 2 === 0 ? instances[0] : instances[1], both)(vouched({ email }))
        }),
      )
      const ids = outcomes.map((made) => (made.outcome === 'refused' ? made.reason : made.userId))
      expect(new Set(ids).size).toBe(1)
      expect(outcomes.filter(({ outcome }) => outcome === 'signed_up')).toHaveLength(1)
      expect(outcomes.filter(({ outcome }) => outcome === 'known')).toHaveLength(15)
      expect(await instances[1].users.count()).toBe(1)
      expect(await instances[1].audit.list({ limit: 99 })).toHaveLength(2)
    })

    it('links one of two strangers who come with the same address at once', async () => {
      const store = await databases.newStore()
      await addUser(store)
      const outcomes = await Promise.all(
        ['1', '2', '3', '4'].map((subject) => resolving(store, linking)(vouched({ subject }))),
      )
      expect(outcomes.map(({ outcome }) => outcome).toSorted()).toStrictEqual([
        'linked',
        'refused',
        'refused',
        'refused',
      ])
    })
  })

  it('lets people in by our own password without a link', async () => {
    const store = await databases.newStore()
    const local = vouched({ provider: 'local', issuer: 'https://mcp.example.com', subject: 'usr_a' })
    expect(await resolving(store, closed)(local)).toStrictEqual({ outcome: 'known', userId: 'usr_a' })
  })
})
