import { Spares } from './spares.ts'
import type { Batch } from './spares.ts'
import type { Span } from './span.ts'
import type { Delivery } from './span-transport.ts'

export type DropReason = 'queue_full' | 'send_failed' | 'closed'

/** Spans as they are sent: written as they come, so that none of them is an object that waits. */
export interface SpanBatch extends Batch {
  add(span: Span): void
}

export interface SpanQueueDependencies {
  readonly newBatch: () => SpanBatch
  /** Sends a batch once; never rejects. */
  readonly send: (body: Buffer, signal: AbortSignal) => Promise<Delivery>
  readonly onDropped: (reason: DropReason, spans: number) => void
}

const capacity = 4096
/** What refused callers may fill: they cost nothing to make, so they must not push out the rest (T26). */
const refusedCapacity = capacity / 2
const batchSize = 512
const everyMs = 1000
/** Milliseconds before each further attempt. */
const pauses = [1000, 3000]

/** Spans on their way out: bounded, sent in the background, one batch at a time. Nobody ever waits for it (T37). */
export class SpanQueue {
  readonly #parts: SpanQueueDependencies
  readonly #spares: Spares<SpanBatch>
  #batches: SpanBatch[] = []
  /** The spans in them. */
  #waiting = 0
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null
  #closing = false
  readonly #abort = new AbortController()
  #wake: () => void = () => {}

  constructor(dependencies: SpanQueueDependencies) {
    this.#parts = dependencies
    this.#spares = new Spares(dependencies.newBatch)
  }

  /** Whether so many more spans find room; counts them as dropped when they do not. Asked before they are made. */
  hasRoom(spans: number, refused: boolean): boolean {
    const full = this.#waiting + spans > (refused ? refusedCapacity : capacity)
    if (full || this.#closing) this.#parts.onDropped(this.#closing ? 'closed' : 'queue_full', spans)
    return !full && !this.#closing
  }

  add(span: Span): void {
    let batch = this.#batches.at(-1)
    if (batch === undefined || batch.items >= batchSize) this.#batches.push((batch = this.#spares.take()))
    batch.add(span)
    this.#waiting += 1
    if (this.#sending === null) this.#schedule()
  }

  /** Sends what is left, for at most so long; what has not gone by then is counted as lost. Never rejects. */
  async close(withinMs: number): Promise<void> {
    this.#closing = true
    this.#wake()
    const deadline = setTimeout(() => this.#abort.abort(), withinMs)
    if (this.#sending === null) this.#start()
    await this.#sending
    clearTimeout(deadline)
  }

  /** Full batches go at once, the last one when it has gathered for a while: a post costs more than its spans. */
  #schedule(): void {
    if (this.#hasFull()) this.#start()
    else if (this.#waiting > 0) this.#timer ??= setTimeout(() => this.#start(), everyMs).unref()
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
      this.#waiting -= batch.items
      if (this.#abort.signal.aborted) this.#parts.onDropped('closed', batch.items)
      else if ((await this.#deliver(batch)) !== 'taken') this.#parts.onDropped('send_failed', batch.items)
      this.#spares.give(batch)
    } while (this.#closing || this.#hasFull())
  }

  async #deliver(batch: SpanBatch): Promise<Delivery> {
    const { signal } = this.#abort
    const body = batch.whole()
    let delivery = await this.#parts.send(body, signal)
    for (const pause of pauses) {
      // At the end there is no time to wait for a collector to come back.
      if (delivery !== 'again' || this.#closing) break
      await this.#pause(pause)
      delivery = await this.#parts.send(body, signal)
    }
    return delivery
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds).unref()
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
