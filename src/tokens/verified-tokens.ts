import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { Emit } from '../telemetry/telemetry.ts'

const mostKept = 20_000

/**
 * Tokens whose signature has been verified, by their hash. It spares the signature and nothing else: whether a token
 * is in time, for whom it is and whether it was revoked is asked again with every call.
 */
export class VerifiedTokens<Verified extends object> {
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #kept = new Map<string, { readonly verified: Verified; readonly until: number }>()

  constructor({ clock, emit }: { readonly clock: Clock; readonly emit: Emit }) {
    this.#clock = clock
    this.#emit = emit
  }

  find(token: string): Verified | undefined {
    const hash = sha256Hex(token)
    const known = this.#kept.get(hash)
    if (known === undefined) return undefined
    if (known.until <= this.#clock.now()) {
      this.#kept.delete(hash)
      return undefined
    }
    this.#emit('cache_used', { cache: 'token', outcome: 'hit' })
    return known.verified
  }

  /** Told of a token that has to be verified: only its issuer's verifier knows that it was to be found here. */
  missed(): void {
    this.#emit('cache_used', { cache: 'token', outcome: 'miss' })
  }

  /** Keeps it until a time in epoch milliseconds. Whoever has been here for the longest makes room. */
  keep(token: string, verified: Verified, until: number): void {
    if (this.#kept.size >= mostKept) {
      const oldest = this.#kept.keys().next()
      if (oldest.done !== true) this.#kept.delete(oldest.value)
    }
    this.#kept.set(sha256Hex(token), { verified, until })
  }
}
