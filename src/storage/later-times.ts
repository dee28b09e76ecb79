import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

/** Which column of which row: the table, its key, and a column of times. */
export interface TimeColumn {
  readonly table: 'api_keys' | 'mcp_sessions' | 'access_tokens' | 'clients'
  readonly key: string
  readonly column: string
}

/**
 * Moves many times forward in one statement; a time never goes backwards. The values travel as one JSON parameter, so
 * that the statement is the same for any number of rows.
 */
export async function recordLaterTimes(
  { kysely, kind }: Database,
  { table, key, column }: TimeColumn,
  times: ReadonlyMap<string, number>,
  alsoInside: (trx: Transaction<Schema>) => void | Promise<void> = () => {},
): Promise<void> {
  if (times.size === 0) return
  const json = JSON.stringify(Object.fromEntries(times))
  const given =
    kind === 'sqlite'
      ? sql`select key as id, value as at from json_each(${json})`
      : sql`select key as id, value::bigint as at from json_each_text(${json}::json)`
  const [rows, id, time] = [sql.table(table), sql.ref(`${table}.${key}`), sql.ref(`${table}.${column}`)]
  await kysely.transaction().execute(async (trx) => {
    // In one order everywhere: two replicas that record the same rows would else wait for each other.
    if (kind === 'postgres') {
      await sql`select 1 from ${rows} where ${id} in (select id from (${given}) as given)
        order by ${id} for update`.execute(trx)
    }
    await sql`update ${rows} set ${sql.ref(column)} = given.at from (${given}) as given
      where ${id} = given.id and (${time} is null or ${time} < given.at)`.execute(trx)
    await alsoInside(trx)
  })
}
