import { JsonBatch } from '../lib/json-batch.ts'
import { Spares } from './spares.ts'

export type DropReason = 'queue_full' | 'send_failed' | 'closed'

/** What a receiver made of a batch: taken, refused for good, or to be sent again. */
export type Delivered = 'taken' | 'refused' | 'again'

export interface DeliveryDependencies {
  /** What goes before the items of a batch, and after them. */
  readonly opening: string
  readonly closing: string
  /** Sends once; never rejects. */
  readonly send: (body: Buffer, signal: AbortSignal) => Promise<Delivered>
  readonly onDropped: (reason: DropReason, items: number) => void
}

const batchSize = 512
const mostBatches = 8
const everyMs = 1000
/** Milliseconds before each further attempt. */
const pauses = [500, 1000, 2000, 5000, 10_000, 20_000]
const lastPauseMs = 250

/**
 * A queue to a receiver that may be slow, failing or gone: bounded, sent in the background, one batch at a time. Items
 * are written into their batch as they come, so that none of them is an object that waits. When it is full the oldest
 * batch goes. Nobody ever waits for it but `close`, and that not longer than it says (T37).
 */
export class DeliveryQueue {
  readonly #parts: DeliveryDependencies
  readonly #spares: Spares<JsonBatch>
  #batches: JsonBatch[] = []
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null
  #closing = false
  readonly #abort = new AbortController()
  #wake: () => void = () => {}

  constructor(dependencies: DeliveryDependencies) {
    this.#parts = dependencies
    this.#spares = new Spares(() => new JsonBatch(dependencies))
  }

  /** Takes one item. What is `lasting` is not given up to make room. */
  add(item: string, lasting: boolean): void {
    if (this.#closing) return this.#parts.onDropped('closed', 1)
    let batch = this.#batches.at(-1)
    if (batch === undefined || batch.items >= batchSize) {
      if (this.#batches.length >= mostBatches) this.#dropOldest()
      batch = this.#spares.take()
      this.#batches.push(batch)
    }
    batch.add(item, lasting)
    if (this.#sending === null) this.#schedule()
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
    const place = this.#batches.findIndex(({ lasting }) => !lasting)
    const [oldest] = this.#batches.splice(Math.max(place, 0), 1)
    if (oldest === undefined) return
    this.#parts.onDropped('queue_full', oldest.items)
    this.#spares.giveUnsent(oldest)
  }

  /** Full batches go at once, the last one when it has gathered for a while: a post costs more than its events. */
  #schedule(): void {
    if (this.#hasFull()) this.#start()
    else if (this.#batches.length > 0) this.#timer ??= setTimeout(() => this.#start(), everyMs).unref()
  }

  #hasFull(): boolean {
    return (this.#batches[0]?.items ?? 0) >= batchSize
  }

  #start(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#sending = this.#drain().finally(() => {
      this.#sending = null
      this.#schedule()
    })
  }

  async #drain(): Promise<void> {
    do {
      const batch = this.#batches.shift()
      if (batch === undefined) return
      if (this.#abort.signal.aborted) this.#parts.onDropped('closed', batch.items)
      else if ((await this.#deliver(batch)) !== 'taken') this.#parts.onDropped('send_failed', batch.items)
      this.#spares.give(batch)
    } while (this.#closing || this.#hasFull())
  }

  async #deliver(batch: JsonBatch): Promise<Delivered> {
    const { signal } = this.#abort
    // Made once, so that a retry carries the same ids.
    const body = batch.whole()
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
