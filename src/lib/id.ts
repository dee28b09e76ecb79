import { randomBase62 } from './base62.ts'
import type { RandomSource } from './random.ts'

/** The kinds of record the product names, each with the prefix its ids carry. */
export type IdPrefix = 'usr' | 'aud' | 'cli' | 'con' | 'ses'

/** A new id such as `usr_` and 20 base62 characters (119 bits): unguessable, never reused. */
export function newId(prefix: IdPrefix, random: RandomSource): string {
  return `${prefix}_${randomBase62(20, random)}`
}
