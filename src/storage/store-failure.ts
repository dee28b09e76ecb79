import { Failure } from '../lib/error.ts'
import type { FailureFacts } from '../lib/error.ts'

/** Every way in which the store fails. */
export type StoreCode =
  | 'store_location_invalid'
  | 'store_unreachable'
  | 'store_corrupt'
  | 'store_newer'
  | 'store_query_failed'
  | 'migration_failed'
  | 'session_taken'

const statuses: Record<StoreCode, number> = {
  store_location_invalid: 500,
  store_unreachable: 503,
  store_corrupt: 500,
  store_newer: 500,
  store_query_failed: 500,
  migration_failed: 500,
  session_taken: 502,
}

/** Makes a failure of this room. No part of a location that may hold a password belongs in the facts. */
export function storeFailure(
  code: StoreCode,
  message: string,
  fix: string,
  more: Pick<FailureFacts<StoreCode>, 'detail' | 'cause'> = {},
): Failure<StoreCode> {
  return new Failure({ code, status: statuses[code], message, fix, ...more })
}

/** What an unknown thrown value says about itself. */
export function errorText(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(errorText).join('; ')
  return error instanceof Error ? error.message : String(error)
}
