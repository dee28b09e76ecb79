import { closeSync, existsSync, openSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { Database } from './database.ts'
import { sqliteLookup } from './hot-lookup.ts'
import type { Schema } from './schema.ts'
import { SqliteAppender } from './sqlite-appender.ts'
import { SqliteWriteDriver } from './sqlite-driver.ts'
import { fileOf } from './sqlite-file.ts'
import { insertRows } from './sqlite-rows.ts'
import { sqliteFailure } from './sqlite-failure.ts'
import { storeFailure } from './store-failure.ts'

/** Rows for which a thread is worth starting: fewer take no time that anybody would notice. */
const manyRows = 200

/** Opens or makes the file, readable by its owner only. Throws a `Failure`. */
export function openSqlite(path: string): Database {
  const db = openFile(path)
  const file = fileOf(path)
  const appender = new SqliteAppender(path, file)
  const kysely = new Kysely<Schema>({
    dialect: {
      createDriver: () => new SqliteWriteDriver(db),
      createAdapter: () => new SqliteAdapter(),
      createQueryCompiler: () => new SqliteQueryCompiler(),
      createIntrospector: (kysely) => new SqliteIntrospector(kysely),
    },
  })
  return {
    kind: 'sqlite',
    kysely,
    hotLookup(statement) {
      return sqliteLookup(db, statement, sqliteFailure)
    },
    async insertMany({ sqlite }, rows, count) {
      if (path !== ':memory:' && (appender.isRunning || count >= manyRows))
        return appender.insert(sqlite, rows)
      await kysely.transaction().execute(async () => insertRows(db.prepare(sqlite), rows))
    },
    lock: async () => {},
    patiently: (work) => work(kysely),
    async ping() {
      // A file put in the place of ours is not the one we read: revocations made there would never arrive here.
      if (fileOf(path) !== file) {
        throw storeFailure(
          'store_unreachable',
          'The store file has been replaced or removed',
          'restart to use the new one',
        )
      }
      await sql`select count(*) from sqlite_schema`.execute(kysely)
    },
    async close() {
      await appender.close()
      await kysely.destroy()
      if (db.isOpen) db.close()
    },
  }
}

/**
 * Makes the file when there is none. One that is there is not opened: closing it again would drop every lock this
 * process holds on it (POSIX), another store's on the same file included.
 */
function makeFile(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

function openFile(path: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    // SQLite gives its -wal and -shm files the mode of the main file, so making that one first is enough.
    if (path !== ':memory:') makeFile(path)
    db = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 })
    db.exec('pragma journal_mode = wal; pragma synchronous = full')
    return db
  } catch (error) {
    db?.close()
    throw sqliteFailure(error)
  }
}
