import type { Span } from './span.ts'
import type { Delivery } from './span-transport.ts'

export type DropReason = 'queue_full' | 'send_failed' | 'closed'

export interface SpanQueueDependencies {
  /** Sends a batch once; never rejects. */
  readonly send: (spans: readonly Span[], signal: AbortSignal) => Promise<Delivery>
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
  #spans: Span[] = []
  #timer: NodeJS.Timeout | null = null
  #sending: Promise<void> | null = null
  #closing = false
  readonly #abort = new AbortController()
  #wake: () => void = () => {}

  constructor(dependencies: SpanQueueDependencies) {
    this.#parts = dependencies
  }

  /** Whether so many more spans find room; counts them as dropped when they do not. Asked before they are made. */
  hasRoom(spans: number, refused: boolean): boolean {
    const full = this.#spans.length + spans > (refused ? refusedCapacity : capacity)
    if (full || this.#closing) this.#parts.onDropped(this.#closing ? 'closed' : 'queue_full', spans)
    return !full && !this.#closing
  }

  add(span: Span): void {
    this.#spans.push(span)
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
    if (this.#spans.length >= batchSize) this.#start()
    else if (this.#spans.length > 0) this.#timer ??= setTimeout(() => this.#start(), everyMs).unref()
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
      if (this.#abort.signal.aborted) {
        this.#parts.onDropped('closed', this.#spans.length)
        this.#spans = []
        return
      }
      const batch = this.#spans.splice(0, batchSize)
      if (batch.length === 0) return
      if ((await this.#deliver(batch)) !== 'taken') this.#parts.onDropped('send_failed', batch.length)
    } while (this.#spans.length >= batchSize || (this.#closing && this.#spans.length > 0))
  }

  async #deliver(batch: readonly Span[]): Promise<Delivery> {
    const { signal } = this.#abort
    let delivery = await this.#parts.send(batch, signal)
    for (const pause of pauses) {
      // At the end there is no time to wait for a collector to come back.
      if (delivery !== 'again' || this.#closing) break
      await this.#pause(pause)
      delivery = await this.#parts.send(batch, signal)
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
