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

  /** Takes the write lock at once, so that what a transaction reads stays true until it commits. */
  async beginTransaction(): Promise<void> {
    await whenFree(this.#db, () => this.#db.exec('begin immediate'))
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

/**
 * Does what needs the write lock once it is free. SQLite's own waiting would block the event loop, and for ever if the
 * holder is a store of this very process: the waiting is done here.
 */
async function whenFree<Result>(db: DatabaseSync, work: () => Result): Promise<Result> {
  for (let waits = 0; ; waits += 1) {
    try {
      db.exec('pragma busy_timeout = 0')
      return work()
    } catch (error) {
      if (!isBusy(error) || waits === mostWaits) throw sqliteFailure(error)
    } finally {
      if (db.isOpen) db.exec('pragma busy_timeout = 5000')
    }
    await wait(waitMs)
  }
}

interface Prepared {
  readonly statement: StatementSync
  /** Whether rows come back: of a question, or of a write that returns what it wrote. */
  readonly answers: boolean
  readonly writes: boolean
}

function sqliteConnection(db: DatabaseSync): DatabaseConnection {
  const statements = new Map<string, Prepared>()

  function prepare(sql: string): Prepared {
    const known = statements.get(sql)
    if (known !== undefined) return known
    if (statements.size >= mostStatements) statements.clear()
    const statement = db.prepare(sql)
    const prepared = {
      statement,
      answers: statement.columns().length > 0,
      writes: /^\s*(?:insert|update|delete)\b/i.test(sql),
    }
    statements.set(sql, prepared)
    return prepared
  }

  return {
    async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
      try {
        const { statement, answers, writes } = prepare(sql)
        const values = parameters as readonly SQLInputValue[]
        const execute = (): QueryResult<Row> =>
          answers
            ? // Rows come without a prototype; copies behave like those of Postgres.
              { rows: statement.all(...values).map((row) => ({ ...row }) as Row) }
            : { rows: [], numAffectedRows: BigInt(statement.run(...values).changes) }
        // A write outside a transaction takes the lock by itself.
        return writes && !db.isTransaction ? await whenFree(db, execute) : execute()
      } catch (error) {
        throw sqliteFailure(error)
      }
    },
    streamQuery() {
      throw new Error('Rows are never streamed: every list of this product is bounded.')
    },
  }
}
