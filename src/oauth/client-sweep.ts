import type { ClientStore } from './client-store.ts'

const dayMs = 86_400_000
const bite = 500

/** Forgets clients that registered themselves and were never used, in small bites; answers how many. */
export async function sweepUnusedClients(
  { unusedDays }: { readonly unusedDays: number },
  store: Pick<ClientStore, 'forgetUnused'>,
  at: number,
): Promise<number> {
  let forgotten = 0
  let gone: number
  do {
    gone = await store.forgetUnused(at - unusedDays * dayMs, bite, at)
    forgotten += gone
  } while (gone === bite)
  return forgotten
}
