import { DatabaseError } from 'pg'
import { Failure } from '../lib/error.ts'
import { errorText, storeFailure } from './store-failure.ts'

const fixes: readonly (readonly [RegExp, string])[] = [
  [/^28/, 'check user and password in `store`'],
  [/^3D/, 'make the database that `store` names'],
  [/^53/, 'raise max_connections of the server, or run fewer replicas'],
  [/^(?:08|57P)/, 'wait until the Postgres server has started, or start it'],
]

/** Turns what pg throws into a failure with a fix. SQLSTATE classes: PostgreSQL manual, appendix A. */
export function postgresFailure(error: unknown): Failure {
  if (error instanceof Failure) return error
  // Not kept as the cause: pg hangs the client, with its password, and values of rows on its errors.
  const more = { detail: errorText(error) }
  if (!(error instanceof DatabaseError)) {
    const fix = 'check host and port in `store`, and that the server runs'
    return storeFailure('store_unreachable', 'The Postgres server cannot be reached', fix, more)
  }
  const state = error.code ?? ''
  const fix = fixes.find(([states]) => states.test(state))?.[1]
  if (fix !== undefined) return storeFailure('store_unreachable', 'The Postgres server refuses', fix, more)
  if (state === '57014') {
    const fix = 'look at the load of the Postgres server and at its locks'
    return storeFailure('store_unreachable', 'The Postgres server took too long', fix, more)
  }
  return storeFailure('store_query_failed', 'The store refused a query', 'run `sallyport migrate`', more)
}
