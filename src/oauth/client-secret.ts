import { randomBase62 } from '../lib/base62.ts'
import { sameDigest, sha256Hex } from '../lib/hash.ts'
import type { RandomSource } from '../lib/random.ts'

/** A secret of 256 bits: too many to guess, so a plain SHA-256 is enough to keep. */
export function mintClientSecret(random: RandomSource): { readonly secret: string; readonly hash: string } {
  const secret = randomBase62(43, random)
  return { secret, hash: sha256Hex(secret) }
}

/** Whether the secret is the one behind the hash, in a time that tells nothing (T9). A client without one has none. */
export function isClientSecret(presented: string, hash: string | null): boolean {
  // An unknown client takes the same time: the comparison is made with a hash that nothing has.
  return sameDigest(sha256Hex(presented), hash ?? noHash) && hash !== null
}

const noHash = '0'.repeat(64)
