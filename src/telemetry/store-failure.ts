import type { SignalFields } from './signals.ts'
import type { Emit } from './telemetry.ts'

const told = new WeakSet<Error>()

/**
 * Counts a query that failed. An error passes through several hands on its way out: the first, which knows best what was
 * asked, counts it, and those after it do not.
 */
export function tellStoreFailure(
  error: unknown,
  operation: SignalFields<'store_query_failed'>['operation'],
  emit: Emit,
): void {
  if (error instanceof Error) {
    if (told.has(error)) return
    told.add(error)
  }
  emit('store_query_failed', { operation })
}
