import type { KyselyPlugin } from 'kysely'
import type { Database } from '../../src/storage/database.ts'
import type { Store } from '../../src/storage/open-store.ts'

/** What goes wrong in a store, at a moment that is chosen. */
export interface Faults {
  /** The nth query from now on fails, and each after it. */
  failFrom(query: number): void
  /** The first change from now on is committed, and whoever asked for it never learns. */
  dieAfterCommit(): void
  /** Ends what was asked for; answers whether it has come to pass. */
  end(): boolean
}

/** What is thrown when a fault strikes. */
export class Struck extends Error {}

/** What commits a change: everything else only reads. */
const changes = new Set(
  `start end endOverdue recordSeen forgetEnded grant revoke revokeAll forgetBefore add change setStatus remove
   forgetUnused recordUse create rotate markExpired save decide redeem poll sweep set setDisabled erase`.split(
    /\s+/,
  ),
)

/** A database whose queries can be made to fail. */
export function withFaults(database: Database): {
  readonly database: Database
  readonly faults: Faults
  /** A store over it that can be made to lose an answer. */
  readonly over: (store: Store) => Store
} {
  let left: number | null = null
  let dies = false
  let struck = false
  const plugin: KyselyPlugin = {
    transformQuery({ node }) {
      if (left !== null) left -= 1
      if (left !== null && left <= 0) {
        struck = true
        throw new Struck('the store is out')
      }
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const guarded = <Part extends object>(part: Part): Part =>
    new Proxy(part, {
      get(target, name) {
        const own: unknown = Reflect.get(target, name)
        if (typeof own !== 'function' || typeof name !== 'string' || !changes.has(name)) return own
        return async (...given: unknown[]) => {
          const answer: unknown = await Reflect.apply(own, target, given)
          if (!dies) return answer
          dies = false
          struck = true
          throw new Struck('the server is gone')
        }
      },
    })
  return {
    database: { ...database, kysely: database.kysely.withPlugin(plugin) },
    faults: {
      failFrom(query) {
        left = query
      },
      dieAfterCommit() {
        dies = true
      },
      end() {
        const before = struck
        left = null
        dies = false
        struck = false
        return before
      },
    },
    over: (store) => ({
      ...store,
      apiKeys: guarded(store.apiKeys),
      users: guarded(store.users),
      passwords: guarded(store.passwords),
      loginSessions: guarded(store.loginSessions),
      clients: guarded(store.clients),
      consents: guarded(store.consents),
      artifacts: guarded(store.artifacts),
    }),
  }
}
