import { DatabaseSync } from 'node:sqlite'
import type { StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { fileOf } from './sqlite-file.ts'
import { insertRows } from './sqlite-rows.ts'

/** Where the rows go, and what tells that file from one put in its place. */
export interface AppendPlace {
  readonly path: string
  readonly file: string | null
}

export interface AppendOrder {
  readonly sql: string
  readonly rows: Uint8Array
}

/** Null once they are committed; else what can cross from thread to thread of the error that stopped it. */
export type AppendAnswer = null | {
  readonly message: string
  readonly code: unknown
  readonly errcode: unknown
}

/** SQLite's code for a file that cannot be opened. */
const cannotOpen = 14

const { path, file } = workerData as AppendPlace
const statements = new Map<string, StatementSync>()
let db: DatabaseSync | null = null

function open(): DatabaseSync {
  if (fileOf(path) !== file) {
    throw Object.assign(new Error('the store file has been replaced or removed'), { errcode: cannotOpen })
  }
  // Waiting for a lock stops nobody here.
  const opened = new DatabaseSync(path, { enableForeignKeyConstraints: true, timeout: 5000 })
  opened.exec('pragma synchronous = full')
  return opened
}

function insert({ sql, rows }: AppendOrder): void {
  db ??= open()
  const statement = statements.get(sql) ?? db.prepare(sql)
  statements.set(sql, statement)
  db.exec('begin immediate')
  try {
    insertRows(statement, rows)
    db.exec('commit')
  } catch (error) {
    // SQLite has rolled back by itself after a full disk or an I/O error.
    if (db.isTransaction) db.exec('rollback')
    throw error
  }
}

function answerTo(order: AppendOrder): AppendAnswer {
  try {
    insert(order)
    return null
  } catch (error) {
    const { message, code, errcode } = error as Error & { code?: unknown; errcode?: unknown }
    return { message, code, errcode }
  }
}

parentPort?.on('message', (order: AppendOrder | 'close') => {
  if (order !== 'close') return parentPort?.postMessage(answerTo(order), [])
  db?.close()
  parentPort?.close()
})
