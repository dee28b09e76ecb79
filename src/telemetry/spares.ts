/** What gathers items to be sent together, and can begin anew in the bytes it has. */
export interface Batch {
  readonly items: number
  /** All of it; a view of its own bytes, which holds until it is emptied. */
  whole(): Buffer
  empty(): void
}

/**
 * Batches that are done with, to be used again. Bytes given up hundreds of times a minute make V8 collect the whole heap.
 * One is free once another was sent after it: a receiver may answer before it has read everything, and only what comes
 * later on its connection proves that nothing of the first is on its way any more.
 */
export class Spares<Kind extends Batch> {
  readonly #make: () => Kind
  /** The oldest first. */
  readonly #done: Kind[] = []
  #unsent: Kind | null = null

  constructor(make: () => Kind) {
    this.#make = make
  }

  take(): Kind {
    const batch = this.#unsent ?? this.#oldest()
    if (batch === null) return this.#make()
    this.#unsent = null
    batch.empty()
    return batch
  }

  /** The last attempt to send it is over. */
  give(batch: Kind): void {
    this.#done.push(batch)
  }

  /** It was given up before anybody saw it, so it is free at once. */
  giveUnsent(batch: Kind): void {
    this.#unsent = batch
  }

  #oldest(): Kind | null {
    const batch = this.#done.length < 2 ? null : (this.#done.shift() ?? null)
    if (batch !== null) this.#done.length = 1
    return batch
  }
}
