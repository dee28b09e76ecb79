import { Failure } from '../lib/error.ts'
import { errorText, storeFailure } from './store-failure.ts'

const locked = 'end the process that holds the database, such as a backup or an open sqlite3 shell'
const unusable = 'check that the directory exists, that this user may write to it, and that the disk has room'

/** SQLite's primary result codes, see https://sqlite.org/rescode.html. */
const facts = new Map<number, Parameters<typeof storeFailure>>([
  [5, ['store_unreachable', 'The SQLite database is locked by another process', locked]],
  [6, ['store_unreachable', 'The SQLite database is locked by another process', locked]],
  [11, ['store_corrupt', 'The SQLite database is damaged', 'restore the file from a backup']],
  [
    26,
    ['store_corrupt', 'The store file is no SQLite database', 'name another file in `store`, or restore it'],
  ],
  ...[3, 8, 10, 13, 14].map((code): [number, Parameters<typeof storeFailure>] => [
    code,
    ['store_unreachable', 'The SQLite database cannot be read or written', unusable],
  ]),
])

/** Turns what node:sqlite or the file system throws into a failure with a fix. */
export function sqliteFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  const more = { detail: errorText(error), cause: error }
  const known = facts.get(primaryCode(error) ?? -1)
  if (known !== undefined) return storeFailure(known[0], known[1], known[2], more)
  if (isSystemError(error)) {
    return storeFailure('store_unreachable', 'The store file cannot be opened', unusable, more)
  }
  if (error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_STATE') {
    return storeFailure('store_unreachable', 'The store is closed', 'start the program again', more)
  }
  return storeFailure('store_query_failed', 'The store refused a query', 'run `sallyport migrate`', more)
}

/** Whether another connection holds the lock, so that trying again helps. */
export function isBusy(error: unknown): boolean {
  return primaryCode(error) === 5
}

function primaryCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number')
    return undefined
  return error.errcode & 0xff
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error
}
