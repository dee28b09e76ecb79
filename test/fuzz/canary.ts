import { sha256Hex } from '../../src/lib/hash.ts'

/** A mark in a request that shows where its bytes have come to. */
const shape = /cnry-[0-9a-z]+-[0-9a-z]+-[0-9a-z]+-y/g

/**
 * Ends in a sum over the rest. Mutation changes marks too, and one flipped bit makes 4fib of 4fij: without the sum a
 * good request then goes upstream under the mark of another that was refused.
 */
export function canaryOf(index: number, place: number): string {
  const name = `${index.toString(36)}-${place.toString(36)}`
  return `cnry-${name}-${sha256Hex(name).slice(0, 8)}-y`
}

export function canariesIn(text: string): string[] {
  return text.includes('cnry-') ? (text.match(shape) ?? []) : []
}

const mostRemembered = 100_000

/** Which canaries must not reach an upstream, and those that did. */
export class CanaryWatch {
  readonly #forbidden = new Set<string>()
  readonly mistakes: string[] = []
  #arrived = 0

  /** How many requests have reached an upstream. */
  get arrived(): number {
    return this.#arrived
  }

  /** To be called before the request is sent. The oldest are forgotten, so that a long run keeps its memory. */
  forbid(canary: string): void {
    this.#forbidden.add(canary)
    if (this.#forbidden.size <= mostRemembered) return
    const oldest = this.#forbidden.values().next()
    if (oldest.done !== true) this.#forbidden.delete(oldest.value)
  }

  /** Notes what has reached an upstream that asks for credentials. */
  reached(upstream: string, text: string): void {
    this.#arrived += 1
    for (const canary of canariesIn(text)) {
      if (this.#forbidden.has(canary))
        this.mistakes.push(`${canary} of a refused request reached ${upstream}: ${text.slice(0, 500)}`)
    }
  }
}
