export type DropReason = 'queue_full' | 'send_failed' | 'closed'

/** What a receiver made of a batch: taken, refused for good, or to be sent again. */
export type Delivered = 'taken' | 'refused' | 'again'

export interface DeliveryDependencies<Item> {
  /** What goes over the wire; made once for each batch, so that a retry carries the same ids. */
  readonly encode: (batch: readonly Item[]) => Buffer
  /** Sends once; never rejects. */
  readonly send: (body: Buffer, signal: AbortSignal) => Promise<Delivered>
  readonly onDropped: (reason: DropReason, items: number) => void
  /** Items that a full queue gives up last. */
  readonly isLasting: (item: Item) => boolean
}

const capacity = 4096
const batchSize = 256
const everyMs = 1000
/** Milliseconds before each further attempt. */
const pauses = [500, 1000, 2000, 5000, 10_000, 20_000]
const lastPauseMs = 250

/**
 * A queue to a receiver that may be slow, failing or gone: bounded, sent in the background, one batch at a time. When
 * it is full the oldest go. Nobody ever waits for it but `close`, and that not longer than it says (T37).
 */
export class DeliveryQueue<Item> {
  readonly #parts: DeliveryDependencies<Item>
  readonly #items: Item[] = []
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null
  #closing = false
  readonly #abort = new AbortController()
  #wake: () => void = () => {}

  constructor(dependencies: DeliveryDependencies<Item>) {
    this.#parts = dependencies
  }

  add(item: Item): void {
    if (this.#closing) return this.#parts.onDropped('closed', 1)
    if (this.#items.length >= capacity) this.#dropOldest()
    this.#items.push(item)
    if (this.#sending !== null) return
    if (this.#items.length >= batchSize) this.#start()
    else this.#timer ??= setTimeout(() => this.#start(), everyMs).unref()
  }

  /** Sends what is left, for at most so long; what has not gone by then is lost and counted. Never rejects. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true
    this.#wake()
    const deadline = setTimeout(() => this.#abort.abort(), withinMs)
    if (this.#sending === null) this.#start()
    await this.#sending
    clearTimeout(deadline)
  }

  #dropOldest(): void {
    const place = this.#items.findIndex((item) => !this.#parts.isLasting(item))
    this.#items.splice(Math.max(place, 0), 1)
    this.#parts.onDropped('queue_full', 1)
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#sending = this.#drain().finally(() => {
      this.#sending = null
    })
  }

  async #drain(): Promise<void> {
    while (this.#items.length > 0) {
      if (this.#abort.signal.aborted) {
        this.#parts.onDropped('closed', this.#items.length)
        this.#items.length = 0
        return
      }
      const batch = this.#items.splice(0, batchSize)
      if ((await this.#deliver(batch)) !== 'taken') this.#parts.onDropped('send_failed', batch.length)
    }
  }

  async #deliver(batch: readonly Item[]): Promise<Delivered> {
    const { signal } = this.#abort
    const body = this.#parts.encode(batch)
    for (let attempt = 0; ; attempt += 1) {
      const delivered = await this.#parts.send(body, signal)
      const pause = pauses[attempt]
      if (delivered !== 'again' || pause === undefined || signal.aborted) return delivered
      await this.#pause(this.#closing ? lastPauseMs : pause)
    }
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(), milliseconds)
      if (!this.#closing) timer.unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
