import { randomBase62 } from './base62.ts'
import type { RandomSource } from './random.ts'

/** A source of request ids: a random part for the process and a count. Unique, cheap, and always our own. */
export function requestIds(random: RandomSource): () => string {
  const process = randomBase62(12, random)
  let count = 0
  return () => {
    count += 1
    return `req_${process}${count.toString(36)}`
  }
}
