import type { Kysely, Transaction } from 'kysely'
import { openPostgres } from './postgres.ts'
import type { Schema } from './schema.ts'
import { openSqlite } from './sqlite.ts'
import { storeFailure } from './store-failure.ts'

/** A point look-up of the hot path, in SQL that both databases read. `name` names the prepared statement. */
export interface HotStatement<Row, Value> {
  readonly name: string
  /** The text, with the one parameter written as the database wants it. */
  readonly sql: (parameter: '?' | '$1') => string
  readonly toValue: (row: Row) => Value
}

export interface HotLookup<Value> {
  /** Synchronous on SQLite. Throws or rejects with a `Failure`. */
  find(key: string): Value | undefined | Promise<Value | undefined>
  /** Called inside each transaction that changes what `find` answers for the key. */
  forget(key: string): void
  forgetAll(): void
}

/** An insert of any number of rows, each of them a list of values. */
export interface BulkStatement {
  /** For one row, with a parameter for each value. */
  readonly sqlite: string
  /** For all rows, given as one JSON list of lists. */
  readonly postgres: string
}

/** What only one instance may do at a time. */
export type StoreLock = 'migrate' | 'signing_keys' | 'linked_accounts'

/** One open database. Everything that differs between SQLite and Postgres is behind this. */
export interface Database {
  readonly kind: 'sqlite' | 'postgres'
  readonly kysely: Kysely<Schema>
  hotLookup<Row, Value>(statement: HotStatement<Row, Value>): HotLookup<Value>
  /**
   * Inserts rows in one transaction, all or none; they are given as a JSON list of lists. SQLite takes many of
   * them on a thread of its own: inserting stops whatever else its thread does.
   */
  insertMany(statement: BulkStatement, rows: Buffer, count: number): Promise<void>
  /** Held to the end of the transaction. On SQLite a write transaction excludes all others anyway. */
  lock(trx: Transaction<Schema>, lock: StoreLock): Promise<void>
  /** Lends a connection without the time limits of ordinary queries. */
  patiently<T>(work: (kysely: Kysely<Schema>) => Promise<T>): Promise<T>
  /** Rejects when the database does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

/** Opens the database of a location such as `sqlite:./sallyport.db` or `postgres://…`; throws a `Failure`. */
export function openDatabase(location: string): Database {
  if (location.startsWith('sqlite:')) {
    const path = location.slice('sqlite:'.length)
    if (path !== '') return openSqlite(path)
  } else {
    const url = URL.parse(location)
    if (url !== null && /^postgres(?:ql)?:$/.test(url.protocol)) return openPostgres(location)
  }
  // The location is not repeated here: it may hold a password.
  throw storeFailure(
    'store_location_invalid',
    'The store location is neither a SQLite file nor a Postgres URL',
    'set `store` to sqlite:FILE or postgres://USER:PASSWORD@HOST/DATABASE, with special characters percent-encoded',
  )
}
