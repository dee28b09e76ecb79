import { describe, expect, it } from 'vitest'
import type { TestDatabases } from './databases.ts'
import { newSession } from './records.ts'

/** What every MCP session store does. */
export function mcpSessionStoreContract(databases: TestDatabases): void {
  describe('the MCP session store', () => {
    it('finds a running session with its owner, from every instance', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      expect(await two.mcpSessions.find('s1')).toBeUndefined()
      await one.mcpSessions.start(newSession('s1'))
      expect(await one.mcpSessions.find('s1')).toStrictEqual(newSession('s1'))
      expect(await two.mcpSessions.find('s1')).toStrictEqual(newSession('s1'))
    })

    it('ends a session once, for every instance', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await one.mcpSessions.start(newSession('s1'))
      expect(await two.mcpSessions.find('s1')).toBeDefined()
      expect(await one.mcpSessions.end('s1')).toStrictEqual(newSession('s1'))
      expect(await one.mcpSessions.find('s1')).toBeUndefined()
      expect(await two.mcpSessions.find('s1')).toBeUndefined()
      expect(await two.mcpSessions.end('s1')).toBeUndefined()
      expect(await two.mcpSessions.end('missing')).toBeUndefined()
    })

    it('T2: never hands a running session to somebody else', async () => {
      const store = await databases.newStore()
      await store.mcpSessions.start(newSession('s1'))
      for (const other of [
        { subject: 'usr_b' },
        { issuer: 'https://other.example' },
        { workspace: 'other' },
      ]) {
        await expect(store.mcpSessions.start(newSession('s1', other))).rejects.toMatchObject({
          code: 'session_taken',
        })
      }
      expect(await store.mcpSessions.find('s1')).toStrictEqual(newSession('s1'))
      await store.mcpSessions.start(newSession('s1', { startedAt: 300, lastSeenAt: 300 }))
      expect(await store.mcpSessions.find('s1')).toMatchObject({ startedAt: 300 })
    })

    it('starts an ended id anew for whoever gets it next', async () => {
      const store = await databases.newStore()
      await store.mcpSessions.start(newSession('s1'))
      await store.mcpSessions.end('s1')
      const next = newSession('s1', { subject: 'usr_b', upstream: 'docs', startedAt: 300, lastSeenAt: 300 })
      await store.mcpSessions.start(next)
      expect(await store.mcpSessions.find('s1')).toStrictEqual(next)
    })

    it('records when sessions were last seen, never backwards', async () => {
      const store = await databases.newStore()
      for (const id of ['s1', 's2']) await store.mcpSessions.start(newSession(id))
      expect(await store.mcpSessions.find('s1')).toMatchObject({ lastSeenAt: 100 })
      await store.mcpSessions.recordSeen(
        new Map([
          ['s1', 150],
          ['s2', 50],
        ]),
      )
      expect(await store.mcpSessions.find('s1')).toMatchObject({ lastSeenAt: 150 })
      expect(await store.mcpSessions.find('s2')).toMatchObject({ lastSeenAt: 100 })
    })

    it('ends idle sessions, a few at a time, each for one caller only', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      for (let n = 0; n < 10; n += 1) await one.mcpSessions.start(newSession(`s${n}`, { lastSeenAt: n }))
      const [first, second] = await Promise.all([
        one.mcpSessions.endIdle(6, 4),
        two.mcpSessions.endIdle(6, 4),
      ])
      const third = await one.mcpSessions.endIdle(6, 4)
      const ended = [...first, ...second, ...third].map(({ idHash }) => idHash)
      expect(ended.toSorted()).toStrictEqual(['s0', 's1', 's2', 's3', 's4', 's5'])
      expect(first.length).toBeLessThanOrEqual(4)
      expect(await one.mcpSessions.find('s5')).toBeUndefined()
      expect(await one.mcpSessions.find('s6')).toMatchObject({ sealedId: 'sealed s6' })
    })

    it('counts running sessions by upstream', async () => {
      const store = await databases.newStore()
      expect(await store.mcpSessions.countActive()).toStrictEqual(new Map())
      for (const id of ['s1', 's2', 's3']) await store.mcpSessions.start(newSession(id))
      await store.mcpSessions.start(newSession('s4', { upstream: 'docs' }))
      await store.mcpSessions.end('s1')
      expect(await store.mcpSessions.countActive()).toStrictEqual(
        new Map([
          ['code', 2],
          ['docs', 1],
        ]),
      )
    })
  })
}
