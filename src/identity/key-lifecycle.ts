import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { mintApiKey } from './api-key.ts'
import type { Actor, ApiKeyStore, KeyFilter } from './api-key-store.ts'

const dayMs = 86_400_000

export interface KeyLifecycleDependencies {
  readonly apiKeys: ApiKeyStore
  readonly clock: Clock
  readonly random: RandomSource
  /** Absent in a process without metrics, such as the command line: what it does is in the store and the audit log. */
  readonly emit?: Emit
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
  { apiKeys, clock, random, emit }: KeyLifecycleDependencies,
): Promise<IssueOutcome> {
  const { id, key, secretHash } = mintApiKey(random)
  const createdAt = clock.now()
  const { userId, workspace, name, scopes, upstreams, expiresInDays, maxPerUser } = request
  const expiresAt = expiresInDays === null ? null : createdAt + Math.round(expiresInDays * dayMs)
  const row = { id, secretHash, userId, workspace, name, scopes, upstreams, createdAt, expiresAt }
  const created = await apiKeys.create(row, { maxPerUser }, actor)
  if (created.outcome !== 'created') return created
  emit?.('key_created', { actor: actor.kind })
  return { outcome: 'created', key, id, expiresAt }
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
  { apiKeys, clock, random, emit }: KeyLifecycleDependencies,
): Promise<RotationOutcome> {
  const old = (await apiKeys.list(filter)).find((key) => key.id === id)
  if (old === undefined) return { outcome: 'not_found' }
  const minted = mintApiKey(random)
  const createdAt = clock.now()
  const expiresAt = old.expiresAt === null ? null : createdAt + (old.expiresAt - old.createdAt)
  const successor = { id: minted.id, secretHash: minted.secretHash, createdAt, expiresAt }
  const graceEndsAt = createdAt + graceHours * 3_600_000
  const rotated = await apiKeys.rotate(id, successor, graceEndsAt, filter, actor)
  if (rotated.outcome !== 'rotated') return { outcome: rotated.outcome }
  // The old one is on its way out from now on, and counts as active no more.
  emit?.('key_revoked', { actor: actor.kind, reason: 'rotated' })
  emit?.('key_created', { actor: actor.kind })
  return { outcome: 'rotated', key: minted.key, id: minted.id, expiresAt }
}

/** Ends a key on its next use. False when there is none within the filter that has not been revoked yet. */
export async function revokeKey(
  id: string,
  filter: KeyFilter,
  actor: Actor,
  { apiKeys, clock, emit }: Omit<KeyLifecycleDependencies, 'random'>,
): Promise<boolean> {
  const revoked = await apiKeys.revoke(id, clock.now(), filter, actor)
  if (revoked?.endsNow === true) emit?.('key_revoked', { actor: actor.kind, reason: 'revoked' })
  return revoked !== undefined
}
