import { describe, expect, it } from 'vitest'
import { Failure } from '../../src/lib/error.ts'
import { sha256Hex } from '../../src/lib/hash.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import { onEachDatabase, onPostgres } from './databases.ts'
import type { TestDatabases } from './databases.ts'
import { day, firefox, hour, minute, replica, safari, start, updated } from './login-scene.ts'
import { actions, addUser, admin } from './records.ts'

const jane = { kind: 'user', id: 'usr_a' } as const

async function scene(databases: TestDatabases) {
  const clock = stoppedClock()
  const location = await databases.newLocation()
  const store = databases.open(location)
  await store.migrate()
  await addUser(store)
  return { clock, location, store, ...replica(store, clock) }
}

onEachDatabase((databases) => {
  describe('auth 18: a login session', () => {
    it('starts with a cookie whose hash alone is kept, and is found by it', async () => {
      const { clock, location, store, sessions, said } = await scene(databases)
      const { session, cookieValue, maxAgeSeconds } = await start(sessions)
      expect(session).toStrictEqual({
        id: session.id,
        userId: 'usr_a',
        provider: 'local',
        remembered: false,
        deviceName: 'Firefox on Linux',
        address: '192.0.2.7',
        startedAt: clock.now(),
        lastSeenAt: clock.now(),
      })
      expect(session.id).toMatch(/^ses_/)
      expect(maxAgeSeconds).toBeNull()
      expect(await sessions.find(cookieValue, firefox)).toStrictEqual({
        session,
        userId: 'usr_a',
        email: 'a@example.com',
        memberships: [{ userId: 'usr_a', workspace: 'default', role: 'user' }],
      })
      const rows = await rowsOf(location)
      expect(rows).toHaveLength(1)
      expect(rows[0]).toMatchObject({ cookie_hash: sha256Hex(cookieValue) })
      expect(JSON.stringify(rows)).not.toContain(cookieValue)
      expect(said).toStrictEqual(['started local'])
      expect(actions(await store.audit.list({ limit: 1 }))).toStrictEqual([`login.succeeded ${session.id}`])
    })

    it('is not found by another value, its public id or its hash', async () => {
      const { sessions } = await scene(databases)
      const { session, cookieValue } = await start(sessions)
      for (const value of ['', session.id, sha256Hex(cookieValue), `${cookieValue}A`])
        expect(await sessions.find(value, firefox)).toBeNull()
    })

    it('T34: idles out, and lasted from its start to then', async () => {
      const { clock, store, sessions, said } = await scene(databases)
      const { cookieValue } = await start(sessions)
      clock.advance(hour)
      expect(await sessions.find(cookieValue, firefox)).toMatchObject({
        session: { lastSeenAt: clock.now() },
      })
      clock.advance(2 * hour - 1)
      expect(await sessions.list('usr_a')).toHaveLength(1)
      clock.advance(1)
      expect(await sessions.list('usr_a')).toHaveLength(0)
      expect(await store.loginSessions.countActive()).toBe(1)
      clock.advance(5 * minute)
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      expect(said).toStrictEqual(['started local', `ended idle_timeout ${(3 * hour) / 1000}`])
      // The log says when it was written: nobody who reads on from a time misses it.
      expect((await store.audit.list({ limit: 1 }))[0]).toMatchObject({
        action: 'login_session.ended',
        reason: 'idle_timeout',
        time: clock.now(),
      })
      expect(await store.loginSessions.countActive()).toBe(0)
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      expect(said).toHaveLength(2)
    })

    it('ends at its absolute end, however busy', async () => {
      const { clock, sessions, said } = await scene(databases)
      const { cookieValue } = await start(sessions)
      for (let passed = 0; passed < 23; passed += 1) {
        clock.advance(hour)
        expect(await sessions.find(cookieValue, firefox)).not.toBeNull()
      }
      clock.advance(hour)
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      expect(said.at(-1)).toBe(`ended absolute_timeout ${day / 1000}`)
    })

    it('that is remembered has its own policy, and idles out, too', async () => {
      const { clock, sessions, said } = await scene(databases)
      const { cookieValue, maxAgeSeconds } = await start(sessions, { remember: true })
      expect(maxAgeSeconds).toBe((30 * day) / 1000)
      clock.advance(13 * day)
      expect(await sessions.find(cookieValue, firefox)).toMatchObject({ session: { remembered: true } })
      clock.advance(14 * day)
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      expect(said.at(-1)).toBe(`ended idle_timeout ${(27 * day) / 1000}`)
    })

    it('writes that it was seen once a minute at most', async () => {
      const { clock, location, sessions } = await scene(databases)
      const { cookieValue, session } = await start(sessions)
      const lastSeen = async () => (await rowsOf(location))[0]?.last_seen_at
      clock.advance(minute - 1)
      await sessions.find(cookieValue, firefox)
      expect(await lastSeen()).toBe(session.startedAt)
      clock.advance(1)
      await sessions.find(cookieValue, firefox)
      expect(await lastSeen()).toBe(session.startedAt + minute)
    })

    it('ends when its cookie turns up in another kind of browser, and not for an update or another network', async () => {
      const { sessions, said } = await scene(databases)
      const { cookieValue } = await start(sessions)
      expect(await sessions.find(cookieValue, updated)).not.toBeNull()
      expect(await sessions.find(cookieValue, safari)).toBeNull()
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      expect(said).toStrictEqual(['started local', 'ended fingerprint_mismatch 0'])
    })

    it('auth 19: is replaced by the next sign-in in its browser, with another cookie', async () => {
      const { sessions, said } = await scene(databases)
      const first = await start(sessions)
      const second = await start(sessions, { replaces: first.cookieValue })
      expect(second.cookieValue).not.toBe(first.cookieValue)
      expect(await sessions.find(first.cookieValue, firefox)).toBeNull()
      expect(await sessions.find(second.cookieValue, firefox)).not.toBeNull()
      expect(said).toStrictEqual(['started local', 'ended replaced 0', 'started local'])
      await start(sessions, { replaces: 'of nobody' })
      expect(said).toHaveLength(4)
    })

    it('T31: ends by logout once; a logout of nobody ends nothing', async () => {
      const { clock, sessions, said, store } = await scene(databases)
      const { cookieValue, session } = await start(sessions)
      clock.advance(90_000)
      expect(await sessions.logOut('of nobody')).toBe(false)
      expect(await sessions.logOut(cookieValue)).toBe(true)
      expect(await sessions.logOut(cookieValue)).toBe(false)
      expect(said).toStrictEqual(['started local', 'ended logout 90'])
      const [row] = await store.audit.list({ limit: 1 })
      expect(row).toMatchObject({ action: 'login_session.ended', target: session.id, reason: 'logout' })
    })

    it('is ended by its owner or an administrator; foreign ones look like missing ones', async () => {
      const { sessions, said, store } = await scene(databases)
      await addUser(store, 'b')
      const [one, two] = [await start(sessions), await start(sessions)]
      expect(await sessions.end(one.session.id, 'revoked_by_user', jane, 'usr_b')).toBe(false)
      expect(await sessions.end('ses_missing', 'revoked_by_user', jane, 'usr_a')).toBe(false)
      expect(await sessions.end(one.session.id, 'revoked_by_user', jane, 'usr_a')).toBe(true)
      expect(await sessions.end(one.session.id, 'revoked_by_admin', admin)).toBe(false)
      expect(await sessions.end(two.session.id, 'revoked_by_admin', admin)).toBe(true)
      expect(said.slice(2)).toStrictEqual(['ended revoked_by_user 0', 'ended revoked_by_admin 0'])
      expect(await sessions.find(two.cookieValue, firefox)).toBeNull()
    })

    it('lists the running ones of a user, newest first, and ends all others', async () => {
      const { clock, sessions, store } = await scene(databases)
      await addUser(store, 'b')
      const foreign = await start(sessions, { userId: 'usr_b' })
      const ids: string[] = []
      for (const browser of [firefox, safari, updated]) {
        clock.advance(1000)
        ids.unshift((await start(sessions, { browser })).session.id)
      }
      expect((await sessions.list('usr_a')).map(({ id }) => id)).toStrictEqual(ids)
      expect((await sessions.list('usr_a'))[1]).toMatchObject({ deviceName: 'Safari on macOS' })
      expect(await sessions.endAll('usr_a', ids[2] ?? null, 'revoked_by_user', jane)).toBe(2)
      expect((await sessions.list('usr_a')).map(({ id }) => id)).toStrictEqual(ids.slice(2))
      expect(await sessions.endAll('usr_a', null, 'revoked_by_admin', admin)).toBe(1)
      expect(await sessions.find(foreign.cookieValue, firefox)).not.toBeNull()
    })

    it('that is over already ends for that, whatever else is asked', async () => {
      const { clock, sessions, said } = await scene(databases)
      const { cookieValue } = await start(sessions)
      clock.advance(day)
      expect(await sessions.logOut(cookieValue)).toBe(true)
      expect(said.at(-1)).toBe(`ended idle_timeout ${(2 * hour) / 1000}`)
    })

    it('does not start for who is disabled, unknown, or signed in with a password that was changed meanwhile', async () => {
      const { clock, store, sessions, said } = await scene(databases)
      const begin = (userId: string, passwordSetAt?: number) => {
        const who = { userId, provider: 'local' } as const
        const how = { remember: false, replaces: null }
        return sessions.start(passwordSetAt === undefined ? who : { ...who, passwordSetAt }, firefox, how)
      }
      const password = { userId: 'usr_a', at: 5, oneTime: false, keepSessionId: null }
      await store.passwords.set({ ...password, hash: 'one' }, admin)
      await store.passwords.set({ ...password, hash: 'two' }, admin)
      expect(await begin('usr_a', 5)).toStrictEqual({ outcome: 'account_inactive' })
      expect(await begin('usr_a', 6)).toMatchObject({ outcome: 'started' })
      await store.users.setDisabled('usr_a', clock.now(), clock.now(), admin)
      expect(await begin('usr_a', 6)).toStrictEqual({ outcome: 'account_inactive' })
      expect(await begin('usr_nobody')).toStrictEqual({ outcome: 'account_inactive' })
      expect(said).toStrictEqual(['started local'])
    })
  })

  describe('T31: what another process does to a user', () => {
    it('closes the sessions of who is disabled at once; a server says their ends, once', async () => {
      const { clock, location, store, sessions, said } = await scene(databases)
      const other = databases.open(location)
      const seen = await start(sessions)
      await start(sessions)
      clock.advance(minute)
      await other.users.setDisabled('usr_a', clock.now(), clock.now(), admin)
      expect(await sessions.list('usr_a')).toStrictEqual([])
      expect(await store.loginSessions.countActive()).toBe(2)
      clock.advance(minute)
      expect(await sessions.find(seen.cookieValue, firefox)).toBeNull()
      // Enabled again, they stay closed.
      await other.users.setDisabled('usr_a', null, clock.now(), admin)
      expect(await sessions.sweep()).toBe(1)
      expect(await sessions.sweep()).toBe(0)
      const end = 'ended account_inactive 60'
      expect(said).toStrictEqual(['started local', 'started local', end, end])
      expect(await store.loginSessions.countActive()).toBe(0)
    })

    it('closes those of who is erased; what is left of them names nobody, and their ends are said', async () => {
      const { clock, location, sessions, said } = await scene(databases)
      const { cookieValue } = await start(sessions)
      await sessions.logOut((await start(sessions)).cookieValue)
      clock.advance(minute)
      await databases.open(location).users.erase('usr_a', clock.now(), admin)
      expect(await sessions.find(cookieValue, firefox)).toBeNull()
      await sessions.sweep()
      expect(said.slice(3)).toStrictEqual(['ended account_inactive 60'])
      const rows = await rowsOf(location)
      expect(rows).toHaveLength(2)
      for (const row of rows)
        expect(row).toMatchObject({ user_id: null, address: '', device_name: '', fingerprint: '' })
    })

    it('closes those of a changed password, but the one that changed it', async () => {
      const { clock, sessions, said, store } = await scene(databases)
      const [kept, ended] = [await start(sessions), await start(sessions)]
      const password = { userId: 'usr_a', hash: 'h', oneTime: false }
      const keepSessionId = kept.session.id
      await store.passwords.set({ ...password, at: clock.now(), keepSessionId }, jane)
      await sessions.sweep()
      expect(said.slice(2)).toStrictEqual(['ended password_changed 0'])
      expect(await sessions.find(kept.cookieValue, firefox)).not.toBeNull()
      expect(await sessions.find(ended.cookieValue, firefox)).toBeNull()
      await store.passwords.set({ ...password, at: clock.now(), keepSessionId: null }, admin)
      expect(await sessions.find(kept.cookieValue, firefox)).toBeNull()
      expect(said.slice(3)).toStrictEqual(['ended password_changed 0'])
    })

    it('lets those that are over already end for that', async () => {
      const { clock, sessions, said, store } = await scene(databases)
      await start(sessions)
      clock.advance(3 * hour)
      await store.users.setDisabled('usr_a', clock.now(), clock.now(), admin)
      await sessions.sweep()
      expect(said.at(-1)).toBe(`ended idle_timeout ${(2 * hour) / 1000}`)
    })
  })

  describe('T31: the end of a session', () => {
    it('is said once by one of many replicas, whichever way they end it', async () => {
      const { clock, location, store, sessions, said } = await scene(databases)
      const others = [
        replica(databases.open(location), clock),
        replica(databases.open(location), clock),
      ] as const
      for (let round = 0; round < 10; round += 1) {
        const { cookieValue, session } = await start(sessions)
        await Promise.all([
          sessions.logOut(cookieValue),
          others[0].sessions.end(session.id, 'revoked_by_admin', admin),
          others[1].sessions.endAll('usr_a', null, 'revoked_by_user', jane),
          others[0].sessions.find(cookieValue, safari),
          start(others[1].sessions, { replaces: cookieValue }),
        ])
      }
      const all = [said, ...others.map((other) => other.said)].flat()
      const ends = all.filter((sentence) => sentence.startsWith('ended'))
      expect(all.filter((sentence) => sentence.startsWith('started'))).toHaveLength(20)
      expect(ends.length + (await store.loginSessions.countActive())).toBe(20)
    })

    it('is said once by sweepers at work at the same time, in bites', async () => {
      const { clock, location, store, sessions, said } = await scene(databases)
      const other = replica(databases.open(location), clock)
      for (let count = 0; count < 450; count += 1) await start(sessions)
      clock.advance(2 * hour)
      const lively = await start(sessions)
      const swept = await Promise.all([sessions.sweep(), other.sessions.sweep()])
      await sessions.sweep()
      const ends = [...said, ...other.said].filter((sentence) => sentence.startsWith('ended'))
      expect(new Set(ends)).toStrictEqual(new Set(['ended idle_timeout 7200']))
      expect(ends).toHaveLength(450)
      expect(swept[0] + swept[1]).toBeLessThanOrEqual(450)
      expect(await store.loginSessions.countActive()).toBe(1)
      expect(await sessions.find(lively.cookieValue, firefox)).not.toBeNull()
    })

    it('is kept for a while and then forgotten', async () => {
      const { clock, location, sessions } = await scene(databases)
      await sessions.logOut((await start(sessions)).cookieValue)
      await start(sessions, { remember: true })
      clock.advance(13 * day)
      await sessions.sweep()
      expect(await rowsOf(location)).toHaveLength(2)
      clock.advance(18 * day)
      await sessions.sweep()
      expect(await rowsOf(location)).toHaveLength(1)
    })
  })

  it('T8: a store that cannot answer is a failure, and not a signed-out browser', async () => {
    const { location, sessions, said } = await scene(databases)
    const { cookieValue } = await start(sessions)
    const rename = (from: string, to: string) =>
      onTables(location, ({ schema }) => schema.alterTable(from).renameTo(to).execute())
    await rename('login_sessions', 'taken_away')
    await expect(sessions.find(cookieValue, firefox)).rejects.toBeInstanceOf(Failure)
    await expect(sessions.logOut(cookieValue)).rejects.toBeInstanceOf(Failure)
    await expect(start(sessions)).rejects.toBeInstanceOf(Failure)
    expect(said).toStrictEqual(['started local', 'store_query_failed find_login_session'])
    await rename('taken_away', 'login_sessions')
    expect(await sessions.find(cookieValue, firefox)).not.toBeNull()
  })
})

onPostgres((databases, cluster) => {
  it('auth 7: a server that is away answers 503, and the session is there when it is back', async () => {
    const { sessions } = await scene(databases)
    const { cookieValue } = await start(sessions)
    await cluster().stop()
    try {
      await expect(sessions.find(cookieValue, firefox)).rejects.toMatchObject({ status: 503 })
      await expect(sessions.logOut(cookieValue)).rejects.toMatchObject({ status: 503 })
    } finally {
      await cluster().start()
    }
    expect(await sessions.find(cookieValue, firefox)).not.toBeNull()
  })
})

const rowsOf = (location: string) =>
  onTables(location, (kysely) => kysely.selectFrom('login_sessions').selectAll().execute())

async function onTables<Result>(
  location: string,
  work: (kysely: ReturnType<typeof openDatabase>['kysely']) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase(location)
  try {
    return await work(database.kysely)
  } finally {
    await database.close()
  }
}
