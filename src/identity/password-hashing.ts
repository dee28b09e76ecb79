import { hash, parseOptions, verify } from '@node-rs/argon2'
import type { RandomSource } from '../lib/random.ts'
import { createFairGate } from './fair-gate.ts'

/** What argon2id costs: OWASP's first choice. `memoryCost` in KiB. */
export interface HashingCost {
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

export const hashingCost: HashingCost = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }

/** Hashes and checks passwords off the main thread; null while too much waits. `group` names the caller whose turn it takes: an address. */
export interface PasswordHashing {
  hash(password: Uint8Array, group: string): Promise<string | null>
  /** With `null` for a hash it works as long, and says no: an unknown user takes the time of a known one. */
  verify(stored: string | null, password: Uint8Array, group: string): Promise<boolean | null>
  /** Whether a hash costs less than one made now. */
  isOutdated(stored: string): boolean
}

/**
 * Two at a time: 38 MiB at most, and half of the thread pool is left to files and names. What waits is bounded, too, for
 * each address and in all.
 */
const gateOptions = { width: 2, mostWaitingInGroup: 32, mostWaiting: 512 }

export function createPasswordHashing(
  cost: HashingCost,
  { random }: { random: RandomSource },
): PasswordHashing {
  const gate = createFairGate(gateOptions)
  // Salt and digest are zeroes: nobody knows a password for it.
  const nobodys = `$argon2id$v=19$m=${cost.memoryCost},t=${cost.timeCost},p=${cost.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`
  return {
    hash: (password, group) => gate.run(group, () => hash(password, { ...cost, salt: random.bytes(16) })),
    verify: (stored, password, group) => gate.run(group, () => verify(stored ?? nobodys, password)),
    isOutdated(stored) {
      const { memoryCost, timeCost, parallelism } = parseOptions(stored)
      return memoryCost < cost.memoryCost || timeCost < cost.timeCost || parallelism < cost.parallelism
    },
  }
}
