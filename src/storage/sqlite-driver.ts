import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import { setTimeout as wait } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult } from 'kysely'
import { isBusy, sqliteFailure } from './sqlite-failure.ts'

const waitMs = 10
const mostWaits = 500
const mostStatements = 256

/** Kysely's driver over one node:sqlite connection; Kysely itself lends it to one user at a time. */
export class SqliteWriteDriver implements Driver {
  readonly #db: DatabaseSync
  readonly #connection: DatabaseConnection

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#connection = sqliteConnection(db)
  }

  async init(): Promise<void> {}
  async destroy(): Promise<void> {}
  async releaseConnection(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection
  }

  /**
   * Takes the write lock at once, so that what a transaction reads stays true until it commits. SQLite's own waiting
   * would block the event loop, and for ever if the holder is a store of this very process: the waiting is done here.
   */
  async beginTransaction(): Promise<void> {
    for (let waits = 0; ; waits += 1) {
      try {
        this.#db.exec('pragma busy_timeout = 0')
        this.#db.exec('begin immediate')
        return
      } catch (error) {
        if (!isBusy(error) || waits === mostWaits) throw sqliteFailure(error)
      } finally {
        if (this.#db.isOpen) this.#db.exec('pragma busy_timeout = 5000')
      }
      await wait(waitMs)
    }
  }

  async commitTransaction(): Promise<void> {
    try {
      this.#db.exec('commit')
    } catch (error) {
      throw sqliteFailure(error)
    }
  }

  async rollbackTransaction(): Promise<void> {
    // SQLite has rolled back by itself after a full disk or an I/O error.
    if (this.#db.isOpen && this.#db.isTransaction) this.#db.exec('rollback')
  }
}

function sqliteConnection(db: DatabaseSync): DatabaseConnection {
  const statements = new Map<string, { statement: StatementSync; reads: boolean }>()

  function prepare(sql: string): { statement: StatementSync; reads: boolean } {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= mostStatements) statements.clear()
    const statement = db.prepare(sql)
    const prepared = { statement, reads: statement.columns().length > 0 }
    statements.set(sql, prepared)
    return prepared
  }

  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      try {
        const { statement, reads } = prepare(sql)
        const values = parameters as readonly SQLInputValue[]
        // Rows come without a prototype; copies behave like those of Postgres.
        if (reads) return { rows: statement.all(...values).map((row) => ({ ...row }) as Row) }
        return { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) }
      } catch (error) {
        throw sqliteFailure(error)
      }
    },
    streamQuery() {
      throw new Error('Rows are never streamed: every list of this product is bounded.')
    },
  }
}
