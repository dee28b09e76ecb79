import { createHash } from 'node:crypto'
import type { Clock } from '../../src/lib/clock.ts'
import type { RandomSource } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import type { LoginProvider } from '../../src/telemetry/vocabulary.ts'
import { admin } from '../storage/records.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import type { StoppedClock } from '../support/stopped-clock.ts'
import { startServer } from './server.ts'
import type { Server } from './server.ts'

/** The cookie a browser holds. */
export interface Held {
  readonly id: string
  readonly userId: string
  readonly cookieValue: string
}

/** Two servers over one database, a command line beside them, and the browsers in front of them. */
export interface World {
  readonly clock: StoppedClock
  readonly random: RandomSource
  /** The two that run. */
  readonly servers: [Server, Server]
  /** All there have been: what they have counted stays counted. */
  readonly all: Server[]
  readonly commandLine: Store
  /** Who is in each place; an id of nobody once they are erased. */
  readonly people: string[]
  readonly browsers: (Held | null)[]
  /** The device codes there are, as their devices know them, by the hash they are kept under. */
  readonly codes: Map<string, { readonly deviceCode: string; readonly userCode: string }>
  /** Takes a server away and starts another in its place. */
  replace(at: 0 | 1): Promise<void>
  addUser(place: number, source: LoginProvider): Promise<void>
  close(): Promise<void>
}

export const userAgents = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15',
  '',
] as const

/** The second server's clock is behind the first one's by this much. */
const behindMs = 700

/** Everything a sequence needs, on a migrated database without rows. The seed makes ids and cookies come out alike. */
export async function openWorld(location: string, seed: number): Promise<World> {
  const clock = stoppedClock()
  const random = repeatable(seed)
  const clocks: readonly [Clock, Clock] = [clock, { ...clock, now: () => clock.now() - behindMs }]
  const servers: [Server, Server] = [
    startServer(location, clocks[0], random),
    startServer(location, clocks[1], random),
  ]
  const all: Server[] = [...servers]
  const commandLine = openStore(location, { clock, random })
  const people: string[] = []
  let users = 0
  const world: World = {
    clock,
    random,
    servers,
    all,
    commandLine,
    people,
    browsers: [null, null, null],
    codes: new Map(),
    async replace(at) {
      await servers[at].close()
      servers[at] = startServer(location, clocks[at], random)
      all.push(servers[at])
    },
    async addUser(place, authSource) {
      users += 1
      const id = `usr_${users}`
      const facts = { email: `${users}@example.com`, workspace: 'default', role: 'user' } as const
      await commandLine.users.add({ id, ...facts, at: clock.now(), authSource }, admin)
      people[place] = id
    },
    async close() {
      await Promise.all([...servers.map((server) => server.close()), commandLine.close()])
    },
  }
  for (const place of [0, 1, 2]) await world.addUser(place, 'local')
  return world
}

function repeatable(seed: number): RandomSource {
  let drawn = 0
  return {
    bytes(count) {
      drawn += 1
      return createHash('shake256', { outputLength: count }).update(`${seed} ${drawn}`).digest()
    },
  }
}
