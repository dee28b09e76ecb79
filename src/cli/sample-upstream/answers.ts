import type { Clock } from '../../lib/clock.ts'

/** The answers one session or one owner has open, and since when there were none. */
export class Answers {
  readonly #clock: Clock
  #open = 0
  #lastAt: number

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock
    this.#lastAt = clock.monotonic()
  }

  /** Milliseconds without an open answer; 0 while there is one. */
  get idleMs(): number {
    return this.#open > 0 ? 0 : this.#clock.monotonic() - this.#lastAt
  }

  /** Runs one exchange, which lasts until its body is over or its client has gone. */
  async during(signal: AbortSignal, exchange: () => Promise<Response>): Promise<Response> {
    this.#open += 1
    try {
      const response = await exchange()
      if (response.body === null) {
        this.#ended()
        return response
      }
      // A stream on which nothing happens notices by itself only when it writes that its client has gone.
      const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
      void response.body
        .pipeTo(writable, { signal })
        .catch(() => {})
        .finally(() => this.#ended())
      return new Response(readable, response)
    } catch (error) {
      this.#ended()
      throw error
    }
  }

  #ended(): void {
    this.#open -= 1
    this.#lastAt = this.#clock.monotonic()
  }
}
