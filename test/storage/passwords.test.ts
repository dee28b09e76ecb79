import { describe, expect, it } from 'vitest'
import { createLocalProvider } from '../../src/identity/local-provider.ts'
import { createPasswordHashing, hashingCost } from '../../src/identity/password-hashing.ts'
import { setPassword } from '../../src/identity/set-password.ts'
import { Secret } from '../../src/lib/secret.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import { onEachDatabase } from './databases.ts'
import type { TestDatabases } from './databases.ts'
import { firefox, replica } from './login-scene.ts'
import { actions, addUser, admin } from './records.ts'

const issuer = 'https://mcp.example.com'
const right = 'correct horse battery'
const cheap = { memoryCost: 64, timeCost: 1, parallelism: 1 }

async function scene(databases: TestDatabases, cost = cheap) {
  const store = await databases.newStore()
  await addUser(store)
  await addUser(store, 'b')
  const hashing = createPasswordHashing(cost, { random: systemRandom })
  const parts = { passwords: store.passwords, hashing, clock: stoppedClock() }
  const local = createLocalProvider({ issuer }, { ...parts, addressGroup: (address) => address })
  const set = (
    password: string,
    more: { oneTime?: boolean; userId?: string; keepSessionId?: string } = {},
  ) => {
    const who = { userId: 'usr_a', email: 'a@example.com', oneTime: false, keepSessionId: null, ...more }
    return setPassword({ ...who, password: new Secret(password) }, admin, parts)
  }
  const check = (password: string, email = 'a@example.com') =>
    local.check(email, new Secret(password), firefox)
  return { store, set, check, parts }
}

onEachDatabase((databases) => {
  describe('auth 17: a password of our own', () => {
    it('vouches for its user, however the address is written', async () => {
      const { check, set, store } = await scene(databases)
      expect(await set(right)).toStrictEqual({ outcome: 'set' })
      const vouched = {
        provider: 'local',
        issuer,
        subject: 'usr_a',
        email: 'a@example.com',
        emailVerified: false,
      }
      const { setAt = 0 } = (await store.passwords.find('a@example.com')) ?? {}
      expect(await check(right, ' A@Example.com ')).toStrictEqual({ vouched, passwordSetAt: setAt })
      expect(actions(await store.audit.list({ limit: 1 }))).toStrictEqual(['user.password_set usr_a'])
    })

    it('auth 19: is wrong in one way for everybody', async () => {
      const { check, set } = await scene(databases)
      await set(right)
      const wrong = { refused: 'wrong' }
      expect(await check('wrong horse battery')).toStrictEqual(wrong)
      expect(await check('')).toStrictEqual(wrong)
      expect(await check(right, 'b@example.com')).toStrictEqual(wrong)
      expect(await check(right, 'nobody@example.com')).toStrictEqual(wrong)
      expect(await check(right, 'no address')).toStrictEqual(wrong)
      expect(await check(right.repeat(100))).toStrictEqual(wrong)
    })

    it('is stored as argon2id of the published cost, and nowhere else', async () => {
      const { set, store } = await scene(databases, hashingCost)
      await set(right)
      const stored = await store.passwords.find('a@example.com')
      expect(stored?.hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[\w+/]{22}\$[\w+/]{43}$/)
      expect(JSON.stringify([stored, await store.audit.list({ limit: 9 })])).not.toContain(right)
    })

    it('of a disabled user is right and of no use', async () => {
      const { check, set, store } = await scene(databases)
      await set(right)
      await store.users.setDisabled('usr_a', 5, 5, admin)
      expect(await check(right)).toStrictEqual({ refused: 'inactive' })
      expect(await check('wrong horse battery')).toStrictEqual({ refused: 'wrong' })
    })

    it('for one time is good for one sign-in, also of several at once', async () => {
      const { check, set } = await scene(databases)
      await set(right, { oneTime: true })
      const answers = await Promise.all(Array.from({ length: 5 }, () => check(right)))
      expect(answers.filter((answer) => 'vouched' in answer)).toHaveLength(1)
      expect(await check(right)).toStrictEqual({ refused: 'wrong' })
      await set(right)
      await check(right)
      expect(await check(right)).toMatchObject({ vouched: { subject: 'usr_a' } })
    })

    it('is hashed anew when hashes cost more, and stays the same password', async () => {
      const { check, parts, set, store } = await scene(databases)
      await set(right)
      const before = await store.passwords.find('a@example.com')
      const dearer = createPasswordHashing({ ...cheap, timeCost: 2 }, { random: systemRandom })
      const addressGroup = (address: string) => address
      const local = createLocalProvider({ issuer }, { ...parts, hashing: dearer, addressGroup })
      expect(await local.check('a@example.com', new Secret('wrong horse battery'), firefox)).toHaveProperty(
        'refused',
      )
      expect(await store.passwords.find('a@example.com')).toStrictEqual(before)
      expect(await local.check('a@example.com', new Secret(right), firefox)).toHaveProperty('vouched')
      const after = await store.passwords.find('a@example.com')
      expect(after?.hash).toContain(',t=2,')
      expect(after?.setAt).toBe(before?.setAt)
      expect(await check(right)).toHaveProperty('vouched')
      await store.passwords.rehash('usr_a', before?.hash ?? '', 'late')
      expect(await store.passwords.find('a@example.com')).toStrictEqual(after)
    })

    it('is refused where it is unfit or nobody is there, and changes nothing', async () => {
      const { set, store } = await scene(databases)
      expect(await set('short')).toMatchObject({ outcome: 'unfit' })
      expect(await set(right, { userId: 'usr_nobody' })).toStrictEqual({ outcome: 'user_unknown' })
      expect(await store.passwords.find('a@example.com')).toBeUndefined()
    })

    it('takes the place of the one it may, and of no other', async () => {
      const { set, store } = await scene(databases)
      const put = (hash: string, over: number | null) =>
        store.passwords.set(
          { userId: 'usr_a', hash, at: 1, oneTime: false, keepSessionId: null, over },
          admin,
        )
      const current = async () => (await store.passwords.find('a@example.com'))?.setAt ?? 0
      expect(await put('first', 0)).toBe(false)
      expect(await put('first', null)).toBe(true)
      expect(await put('second', null)).toBe(false)
      const first = await current()
      expect(await put('second', first)).toBe(true)
      expect(await put('third', first)).toBe(false)
      expect(await store.passwords.find('a@example.com')).toMatchObject({ hash: 'second' })
      expect(await set(right)).toStrictEqual({ outcome: 'set' })
    })

    it('that is due stays due in its session until one is set from it', async () => {
      const { set, store, parts } = await scene(databases)
      await set(right, { oneTime: true })
      const { sessions } = replica(store, parts.clock)
      const how = { remember: false, replaces: null }
      const who = { userId: 'usr_a', provider: 'local', passwordDue: true } as const
      const started = await sessions.start(who, firefox, how)
      if (started.outcome !== 'started') throw new Error(started.outcome)
      const due = async () => (await sessions.find(started.cookieValue, firefox))?.session.passwordDue
      expect(started.session.passwordDue).toBe(true)
      expect(await due()).toBe(true)
      expect(await sessions.list('usr_a')).toMatchObject([{ passwordDue: true }])
      expect(await set(right, { keepSessionId: started.session.id })).toStrictEqual({ outcome: 'set' })
      expect(await due()).toBeUndefined()
      expect(await sessions.list('usr_a')).toHaveLength(1)
    })

    it('goes with its user', async () => {
      const { check, set, store } = await scene(databases)
      await set(right)
      await store.users.erase('usr_a', 5, admin)
      expect(await check(right)).toStrictEqual({ refused: 'wrong' })
    })
  })
})
