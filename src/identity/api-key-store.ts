import type { ApiKey, ApiKeyForCall } from './api-key.ts'

/** Who did something that is audited: a person, an administrator at the command line, or the product itself. */
export interface Actor {
  readonly kind: 'user' | 'admin' | 'system'
  readonly id: string | null
}

export interface NewApiKey {
  readonly id: string
  readonly secretHash: string
  readonly userId: string
  readonly workspace: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly upstreams: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number | null
}

export type CreateKeyOutcome =
  | { readonly outcome: 'created' }
  | { readonly outcome: 'limit_reached'; readonly limit: number }
  | { readonly outcome: 'owner_inactive' }

export type RotateKeyOutcome =
  | { readonly outcome: 'rotated'; readonly successor: ApiKey }
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'not_active' }

/** A key that works no more. */
export interface RevokedKey {
  /** False when it was replaced, or is known to have expired: it ended for that, and ends once. */
  readonly endsNow: boolean
}

/** Narrows whose keys are meant; without `userId`, everybody's (administrators). */
export interface KeyFilter {
  readonly userId?: string
}

/** Where API keys live. Each change and its audit row are committed together or not at all. */
export interface ApiKeyStore {
  /** The hot look-up. Synchronous on the embedded store; throws when the store cannot answer. */
  findForCall(id: string): ApiKeyForCall | undefined | Promise<ApiKeyForCall | undefined>
  /** Inserts unless the owner already holds `maxPerUser` active keys; count and insert are one transaction. */
  create(key: NewApiKey, limits: { maxPerUser: number }, actor: Actor): Promise<CreateKeyOutcome>
  list(filter: KeyFilter): Promise<ApiKey[]>
  /** How many keys are active at a time, of all owners: not revoked, not expired and not on their way out. */
  countActive(at: number): Promise<number>
  /**
   * Puts `successor` (same owner, workspace, name, scopes and upstreams) beside key `id`, which then expires at
   * `graceEndsAt` unless it does earlier. The owner's limit does not count the key on its way out.
   */
  rotate(
    id: string,
    successor: { id: string; secretHash: string; createdAt: number; expiresAt: number | null },
    graceEndsAt: number,
    filter: KeyFilter,
    actor: Actor,
  ): Promise<RotateKeyOutcome>
  /** Undefined when there is no such key within the filter: missing, foreign and already revoked look alike. */
  revoke(id: string, at: number, filter: KeyFilter, actor: Actor): Promise<RevokedKey | undefined>
  /**
   * Marks up to `most` keys that have expired, and were neither revoked nor replaced before; answers how many. Each is
   * marked once, whichever replica does it.
   */
  markExpired(at: number, most: number): Promise<number>
  /** Writes many last-used times at once; a time never goes backwards. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>
}
