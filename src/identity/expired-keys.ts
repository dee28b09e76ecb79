import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { ApiKeyStore } from './api-key-store.ts'

export interface ExpiredKeysDependencies {
  readonly apiKeys: Pick<ApiKeyStore, 'markExpired'>
  readonly clock: Clock
  readonly emit: Emit
}

/** Keys marked in one transaction: no write blocks the store for long. */
const bite = 500

/**
 * Says which keys have expired, each once over all replicas, after it is marked: nobody acts when a key expires, so it is
 * looked for. Call it in the background; answers how many.
 */
export async function tellExpiredKeys({ apiKeys, clock, emit }: ExpiredKeysDependencies): Promise<number> {
  let total = 0
  let marked: number
  do {
    marked = await apiKeys.markExpired(clock.now(), bite)
    for (let told = 0; told < marked; told += 1) {
      emit('key_revoked', { actor: 'system', reason: 'expired' })
    }
    total += marked
  } while (marked === bite)
  return total
}
