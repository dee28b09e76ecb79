import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { hasPostgres, startPostgres } from '../support/postgres.ts'
import type { PostgresCluster } from '../support/postgres.ts'

/** Where the stores of a suite live. What it opens is closed after each test, what it makes removed at the end. */
export interface TestDatabases {
  readonly kind: 'sqlite' | 'postgres'
  /** The location of a new, empty database. */
  newLocation(): Promise<string>
  /** Another instance on a database, as another process would have it. */
  open(location: string): Store
  /** A migrated store on a new database. */
  newStore(): Promise<Store>
}

export const dependencies = { clock: systemClock, random: systemRandom }

/** Runs a suite on SQLite. */
export function onSqlite(suite: (databases: TestDatabases) => void): void {
  describe('on SQLite', () => {
    let directory = ''
    let files = 0
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'sallyport-sqlite-'))
    })
    afterAll(() => rm(directory, { recursive: true, force: true }))
    suite(
      testDatabases('sqlite', async () => {
        files += 1
        return `sqlite:${join(directory, `${files}.db`)}`
      }),
    )
  })
}

/** Runs a suite on Postgres, with a cluster of its own. */
export function onPostgres(suite: (databases: TestDatabases, cluster: () => PostgresCluster) => void): void {
  describe.skipIf(!hasPostgres)('on Postgres', () => {
    let cluster: PostgresCluster | undefined
    const running = (): PostgresCluster => {
      if (cluster === undefined) throw new Error('The cluster has not started')
      return cluster
    }
    beforeAll(async () => {
      cluster = await startPostgres()
    })
    afterAll(() => cluster?.remove())
    suite(
      testDatabases('postgres', () => running().createDatabase()),
      running,
    )
  })
}

/** Runs a suite on both databases. */
export function onEachDatabase(suite: (databases: TestDatabases) => void): void {
  onSqlite(suite)
  onPostgres(suite)
}

function testDatabases(kind: TestDatabases['kind'], newLocation: () => Promise<string>): TestDatabases {
  const opened: Store[] = []
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()))
  })
  function open(location: string): Store {
    const store = openStore(location, dependencies)
    opened.push(store)
    return store
  }
  return {
    kind,
    newLocation,
    open,
    async newStore() {
      const store = open(await newLocation())
      await store.migrate()
      return store
    },
  }
}
