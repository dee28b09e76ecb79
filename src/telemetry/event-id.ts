import { base62Alphabet, randomBase62 } from '../lib/base62.ts'
import type { RandomSource } from '../lib/random.ts'

const pairs: readonly string[] = Array.from(base62Alphabet).flatMap((first) =>
  Array.from(base62Alphabet, (second) => first + second),
)

/**
 * Ids of events, 22 base62 characters: 20 drawn at random for some thousand events, and two that count. They only tell
 * one event from another, and a draw for each costs more than the rest of the event.
 */
export function eventIds(random: RandomSource): () => string {
  let drawn = ''
  let count = pairs.length
  return () => {
    if (count === pairs.length) {
      drawn = randomBase62(20, random)
      count = 0
    }
    const counted = pairs[count] ?? ''
    count += 1
    return drawn + counted
  }
}
