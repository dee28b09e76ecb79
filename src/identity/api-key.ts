import { crc32 } from 'node:zlib'
import { randomBase62, uint32ToBase62 } from '../lib/base62.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { RandomSource } from '../lib/random.ts'
import { apiKeyPrefix } from '../principal/credential.ts'

/** One expression for secret scanners and for us. */
export const apiKeyShape = /^sp_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/

/** A key as its owner and the administrators may see it: everything but the secret. Times are epoch milliseconds. */
export interface ApiKey {
  readonly id: string
  readonly userId: string
  readonly workspace: string
  readonly name: string
  readonly scopes: readonly string[]
  /** Upstream names the key is limited to; empty means every one. */
  readonly upstreams: readonly string[]
  readonly createdAt: number
  readonly expiresAt: number | null
  readonly lastUsedAt: number | null
  readonly revokedAt: number | null
  /** Set on a rotated key: it works until then, beside its successor. */
  readonly replacedBy: string | null
}

/** What the hot path reads for one call: the key and its owner's standing, in one look-up. */
export interface ApiKeyForCall {
  readonly id: string
  readonly secretHash: string
  readonly userId: string
  readonly workspace: string
  readonly scopes: readonly string[]
  readonly upstreams: readonly string[]
  readonly expiresAt: number | null
  readonly revokedAt: number | null
  /** The owner's part in pseudonyms. */
  readonly attributionSalt: string
  /** True when the owner is disabled or no longer a member of the key's workspace. */
  readonly ownerInactive: boolean
}

/** A key at the moment it is made: the only time its text exists. */
export interface MintedApiKey {
  readonly id: string
  readonly key: string
  readonly secretHash: string
}

/** Mints a key: 12 characters of id, 43 of secret (256 bits), 6 of CRC-32 over all before them. */
export function mintApiKey(random: RandomSource): MintedApiKey {
  const id = randomBase62(12, random)
  const body = `${apiKeyPrefix}${id}_${randomBase62(43, random)}`
  const key = `${body}${uint32ToBase62(crc32(body))}`
  return { id, key, secretHash: hashApiKey(key) }
}

/** The stored form. The secret has 256 bits of entropy, so one fast hash is enough: no derivation per call (T41). */
export function hashApiKey(key: string): string {
  return sha256Hex(key)
}

/** The key id inside a well-formed key whose checksum holds; null for anything else. Costs no look-up. */
export function apiKeyId(token: string): string | null {
  const parts = apiKeyShape.exec(token)
  if (parts === null) return null
  const body = token.slice(0, -6)
  return uint32ToBase62(crc32(body)) === parts[3] ? (parts[1] ?? null) : null
}
