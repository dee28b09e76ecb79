import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasPostgres, startPostgres } from '../support/postgres.ts'
import type { PostgresCluster } from '../support/postgres.ts'
import { runAbandoned } from './abandoned-sessions.ts'
import { runMixed } from './mixed-load.ts'
import { runSlowReaders } from './slow-readers.ts'

const sessions = 1000
const megabyte = 2 ** 20

describe.each(['sqlite', 'postgres'])('clients that never say goodbye, on %s', (kind) => {
  let cluster: PostgresCluster | null = null
  beforeAll(async () => {
    if (kind === 'postgres' && hasPostgres) cluster = await startPostgres()
  })
  afterAll(() => cluster?.remove())

  it.skipIf(kind === 'postgres' && !hasPostgres)(
    `T39: ${sessions} abandoned sessions leave no row, no upstream session, no socket and no memory`,
    async () => {
      const location = cluster === null ? null : await cluster.createDatabase()
      const result = await runAbandoned({ sessions, location, warmUp: 0 })
      const [before, peak, after] = result.looks
      // One client stays, and its session with it: idle is who shows no sign of life, not who is old.
      expect(before?.rows).toBe(1)
      expect([peak?.rows, peak?.upstreamSessions]).toEqual([sessions + 1, sessions + 1])
      expect([after?.rows, after?.upstreamSessions]).toEqual([1, 1])
      expect(result.survivorLives).toBe(true)
      expect(result.deleted).toBe(sessions)
      // The survivor's stream, and what a pool of database connections keeps.
      expect(after?.memory.sockets).toBeLessThanOrEqual(
        (before?.memory.sockets ?? 0) + (cluster === null ? 0 : 10),
      )
      expect((after?.memory.heapUsed ?? 0) - (before?.memory.heapUsed ?? 0)).toBeLessThan(10 * megabyte)
      expect(result.complaints).toEqual([])
    },
    120_000,
  )
})

it('T47: what 200 clients do not read stays upstream, and none of it is lost', async () => {
  const result = await runSlowReaders({ clients: 200, bytesEach: 50 * megabyte })
  expect(result.taken).toBeLessThan(result.offered / 4)
  expect(result.held.rss - result.before.rss).toBeLessThan(150 * megabyte)
  expect(result.held.arrayBuffers - result.before.arrayBuffers).toBeLessThan(80 * megabyte)
  expect(result.readLate).toBe(result.expectedLate)
  expect(result.leftOpen).toBe(0)
  expect(result.after.sockets).toBeLessThanOrEqual(result.before.sockets)
  expect(result.complaints).toEqual([])
}, 120_000)

it('T40: a capped heap stays flat under calls, streams, sessions, refusals, big bodies and aborts', async () => {
  const result = await runMixed({ seconds: 9 })
  const heaps = result.windows.map(({ memory }) => memory.heapUsed)
  expect(result.wrong).toEqual([])
  expect(result.complaints).toEqual([])
  expect((heaps.at(-1) ?? 0) - (heaps[0] ?? 0)).toBeLessThan(8 * megabyte)
}, 120_000)
