import { sql } from 'kysely'
import type { Kysely, Transaction } from 'kysely'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import type { Database } from './database.ts'
import { initial } from './migrations/0001-initial.ts'
import { signIn } from './migrations/0002-sign-in.ts'
import type { Schema } from './schema.ts'
import { errorText, storeFailure } from './store-failure.ts'

/** One step of the schema. Never edited once released: a change is a new migration. */
export interface Migration {
  readonly name: string
  readonly up: (trx: Transaction<Schema>, kind: Database['kind']) => Promise<void>
}

const migrations: readonly Migration[] = [initial, signIn]

/** Names of the migrations not applied yet. Throws a `Failure` when the database is of a newer version. */
export async function pendingMigrations(database: Database): Promise<readonly string[]> {
  return (await pending(database.kysely, database.kind)).map(({ name }) => name)
}

/** Applies what is pending, all or nothing, one instance at a time; answers the names applied. */
export async function migrate(database: Database, clock: Clock): Promise<readonly string[]> {
  try {
    return await database.patiently((kysely) =>
      kysely.transaction().execute(async (trx) => {
        await database.lock(trx, 'migrate')
        const steps = await pending(trx, database.kind)
        for (const { name, up } of steps) {
          await up(trx, database.kind)
          await trx.insertInto('schema_migrations').values({ name, applied_at: clock.now() }).execute()
        }
        return steps.map(({ name }) => name)
      }),
    )
  } catch (error) {
    if (error instanceof Failure && error.code !== 'store_query_failed') throw error
    const detail = error instanceof Failure ? error.detail : errorText(error)
    throw storeFailure(
      'migration_failed',
      'The store could not be brought to this version; nothing was changed',
      'check that the user of `store` may create tables, and read the detail in the log',
      { detail: detail ?? 'unknown', cause: error },
    )
  }
}

async function pending(kysely: Kysely<Schema>, kind: Database['kind']): Promise<readonly Migration[]> {
  const existing = kind === 'sqlite' ? sqliteTable : postgresTable
  const { rows } = await existing.execute(kysely)
  if (rows.every(({ name }) => name === null)) return migrations
  const applied = await kysely.selectFrom('schema_migrations').select('name').execute()
  const names = new Set(applied.map(({ name }) => name))
  const unknown = [...names].filter((name) => !migrations.some((known) => known.name === name))
  if (unknown.length > 0) {
    throw storeFailure(
      'store_newer',
      'The store was written by a newer version of Sallyport',
      'install the newer version, or restore a backup made by this one',
      { detail: `unknown migrations: ${unknown.join(', ')}` },
    )
  }
  return migrations.filter(({ name }) => !names.has(name))
}

const sqliteTable = sql<{
  name: string | null
}>`select name from sqlite_schema where name = 'schema_migrations'`
const postgresTable = sql<{ name: string | null }>`select to_regclass('schema_migrations')::text as name`
