import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { HotLookup, HotStatement } from './database.ts'

const mostCached = 10_000

/**
 * A point look-up on SQLite through a cache that cannot outlive a write of any process: `PRAGMA data_version` changes
 * when another connection has committed, and our own transactions forget what they change. Absence is not cached.
 */
export function sqliteLookup<Row, Value>(
  db: DatabaseSync,
  { sql, toValue }: HotStatement<Row, Value>,
  toFailure: (error: unknown) => Error,
): HotLookup<Value> {
  // Prepared with the first call: the table may not exist before the migrations.
  let statements: { select: StatementSync; dataVersion: StatementSync } | undefined
  const cache = new Map<string, Value>()
  let version: unknown

  function read(select: StatementSync, key: string): Value | undefined {
    const row = select.get(key)
    return row === undefined ? undefined : toValue(row as Row)
  }

  function find(key: string): Value | undefined {
    statements ??= { select: db.prepare(sql('?')), dataVersion: prepareDataVersion(db) }
    const { select, dataVersion } = statements
    // Inside a transaction of ours a row may yet be rolled back: it is read, and not kept.
    if (db.isTransaction) return read(select, key)
    const [current] = dataVersion.get() as unknown as readonly unknown[]
    if (current !== version) {
      cache.clear()
      version = current
    }
    const known = cache.get(key)
    if (known !== undefined) return known
    const value = read(select, key)
    if (value === undefined) return undefined
    if (cache.size >= mostCached) {
      const oldest = cache.keys().next()
      if (oldest.done !== true) cache.delete(oldest.value)
    }
    cache.set(key, value)
    return value
  }

  return {
    find(key) {
      try {
        return find(key)
      } catch (error) {
        throw toFailure(error)
      }
    },
    forget: (key) => void cache.delete(key),
    forgetAll: () => cache.clear(),
  }
}

/** Asked before every call: a row that is an array costs a third less than one that is an object. */
function prepareDataVersion(db: DatabaseSync): StatementSync {
  const statement = db.prepare('pragma data_version')
  statement.setReturnArrays(true)
  return statement
}
