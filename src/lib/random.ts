import { randomFillSync } from 'node:crypto'

/** Cryptographically strong random bytes, injected so that tests can repeat a run. */
export interface RandomSource {
  bytes(count: number): Uint8Array
}

const pool = Buffer.allocUnsafeSlow(4096)
let used = pool.length

/** Draws from the operating system in blocks: one system call serves many short draws. */
export const systemRandom: RandomSource = {
  bytes(count) {
    if (count > pool.length) return randomFillSync(new Uint8Array(count))
    if (used + count > pool.length) {
      randomFillSync(pool)
      used = 0
    }
    const bytes = Uint8Array.prototype.slice.call(pool, used, used + count)
    pool.fill(0, used, used + count)
    used += count
    return bytes
  },
}
