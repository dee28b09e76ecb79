import { Kysely, PostgresDialect, sql } from 'kysely'
import type { CompiledQuery, QueryResult } from 'kysely'
import { Pool, types } from 'pg'
import type { Database } from './database.ts'
import { postgresFailure } from './postgres-failure.ts'
import type { Schema } from './schema.ts'

const int8 = 20
const queryMs = 5000
const lockNumbers = { migrate: 1, signing_keys: 2, linked_accounts: 3 } as const

/** Opens a pool; connections are made when needed. Calls reject with a `Failure` while the server is away. */
export function openPostgres(url: string): Database {
  const pool = openPool(url, { max: 10, statement_timeout: queryMs, query_timeout: queryMs + 1000 })
  const kysely = kyselyOver(pool)
  return {
    kind: 'postgres',
    kysely,
    hotLookup({ name, sql, toValue }) {
      const text = sql('$1')
      return {
        async find(key) {
          const { rows } = await pool.query({ name, text, values: [key] }).catch(rethrow)
          return rows.length === 0 ? undefined : toValue(rows[0])
        },
        forget() {},
        forgetAll() {},
      }
    },
    async insertMany({ postgres }, rows) {
      await pool.query({ text: postgres, values: [rows.toString('utf8')] }).catch(rethrow)
    },
    async lock(trx, lock) {
      await sql`select pg_advisory_xact_lock(${sql.lit(0x73616c6c)}, ${sql.lit(lockNumbers[lock])})`.execute(
        trx,
      )
    },
    async patiently(work) {
      const patient = openPool(url, { max: 1 })
      try {
        return await work(kyselyOver(patient))
      } finally {
        await patient.end()
      }
    },
    async ping() {
      await pool.query('select 1').catch(rethrow)
    },
    async close() {
      await kysely.destroy()
      if (!pool.ended) await pool.end()
    },
  }
}

function openPool(
  url: string,
  limits: { max: number; statement_timeout?: number; query_timeout?: number },
): Pool {
  const pool = new Pool({
    connectionString: url,
    application_name: 'sallyport',
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    // Times are 64-bit integers on the server and well inside a double's exact range here.
    types: {
      getTypeParser: (oid, format) =>
        oid === int8 && format !== 'binary' ? Number : types.getTypeParser(oid, format),
    },
    ...limits,
  })
  // An idle connection that breaks has left the pool already; the next call makes a new one, or fails by itself.
  pool.on('error', () => {})
  // One that breaks while it is lent says so as an event, too, which nobody else listens to.
  pool.on('connect', (client) => client.on('error', () => {}))
  return pool
}

function kyselyOver(pool: Pool): Kysely<Schema> {
  const dialect = new PostgresDialect({
    pool: { options: pool.options, connect: () => pool.connect().catch(rethrow), end: async () => {} },
    async onCreateConnection(connection) {
      const { executeQuery } = connection
      connection.executeQuery = async <Row>(query: CompiledQuery, options?: object) =>
        executeQuery.call(connection, query, options).catch(rethrow) as Promise<QueryResult<Row>>
    },
  })
  return new Kysely<Schema>({ dialect })
}

function rethrow(error: unknown): never {
  throw postgresFailure(error)
}
