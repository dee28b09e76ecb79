import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import { mintApiKey } from './api-key.ts'
import type { Actor, ApiKeyStore, KeyFilter } from './api-key-store.ts'

const dayMs = 86_400_000

export interface KeyLifecycleDependencies {
  readonly apiKeys: ApiKeyStore
  readonly clock: Clock
  readonly random: RandomSource
}

/** A key as its maker sees it, once: `key` exists nowhere else. `expiresAt` in epoch milliseconds. */
export interface IssuedKey {
  readonly key: string
  readonly id: string
  readonly expiresAt: number | null
}

export type IssueOutcome =
  | ({ readonly outcome: 'created' } & IssuedKey)
  | { readonly outcome: 'limit_reached'; readonly limit: number }
  | { readonly outcome: 'owner_inactive' }

export interface NewKeyRequest {
  readonly userId: string
  readonly workspace: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly upstreams: readonly string[]
  /** Days until it expires; null for never. */
  readonly expiresInDays: number | null
  readonly maxPerUser: number
}

/** Makes a key for a user. The limit is enforced in the transaction of the insert. */
export async function issueKey(
  request: NewKeyRequest,
  actor: Actor,
  { apiKeys, clock, random }: KeyLifecycleDependencies,
): Promise<IssueOutcome> {
  const { id, key, secretHash } = mintApiKey(random)
  const createdAt = clock.now()
  const { userId, workspace, name, scopes, upstreams, expiresInDays, maxPerUser } = request
  const expiresAt = expiresInDays === null ? null : createdAt + Math.round(expiresInDays * dayMs)
  const row = { id, secretHash, userId, workspace, name, scopes, upstreams, createdAt, expiresAt }
  const created = await apiKeys.create(row, { maxPerUser }, actor)
  return created.outcome === 'created' ? { outcome: 'created', key, id, expiresAt } : created
}

export type RotationOutcome =
  | ({ readonly outcome: 'rotated' } & IssuedKey)
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'not_active' }

/** Puts a successor beside a key, with the same rights and span of life; the old one works through the grace period. */
export async function rotateKey(
  id: string,
  graceHours: number,
  filter: KeyFilter,
  actor: Actor,
  { apiKeys, clock, random }: KeyLifecycleDependencies,
): Promise<RotationOutcome> {
  const old = (await apiKeys.list(filter)).find((key) => key.id === id)
  if (old === undefined) return { outcome: 'not_found' }
  const minted = mintApiKey(random)
  const createdAt = clock.now()
  const expiresAt = old.expiresAt === null ? null : createdAt + (old.expiresAt - old.createdAt)
  const successor = { id: minted.id, secretHash: minted.secretHash, createdAt, expiresAt }
  const graceEndsAt = createdAt + graceHours * 3_600_000
  const rotated = await apiKeys.rotate(id, successor, graceEndsAt, filter, actor)
  return rotated.outcome === 'rotated'
    ? { outcome: 'rotated', key: minted.key, id: minted.id, expiresAt }
    : { outcome: rotated.outcome }
}
