import type { Registered } from '../telemetry/field.ts'
import type { ErrorType, HttpMethod } from '../telemetry/vocabulary.ts'
import type { Received } from './received.ts'

/**
 * A request whose answer is over, however it ended. Only what is told of it: request and answer themselves, which are
 * larger, need not stay in memory until then.
 */
export interface EndedRequest extends Pick<Received, 'call' | 'head' | 'requestId' | 'address'> {
  readonly httpVersion: '1.0' | '1.1'
  readonly route: Registered<'route'>
  readonly method: HttpMethod
  /** Null when the client left before there was one. */
  readonly status: number | null
  /** What went wrong; undefined when nothing did. */
  readonly error: ErrorType | undefined
  /** On the monotonic clock, in milliseconds. */
  readonly endedAt: number
  /** The same moment in epoch milliseconds. */
  readonly at: number
}

/** Many enough that the code for telling is warm in the processor's caches, few enough to be told within a millisecond. */
const together = 128
const longestWaitMs = 50

/**
 * Requests that are over and not told of yet. They are told of together: between two requests the same work takes more
 * than twice its time, for it finds cold caches.
 */
export class EndedRequests {
  readonly #tell: (ended: EndedRequest) => void
  #waiting: EndedRequest[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(tell: (ended: EndedRequest) => void) {
    this.#tell = tell
  }

  add(ended: EndedRequest): void {
    this.#waiting.push(ended)
    // Arguments and results, where the operator wants them on spans, are large and do not wait.
    if (this.#waiting.length >= together || ended.call.content !== null) this.tellAll()
    else this.#timer ??= setTimeout(() => this.tellAll(), longestWaitMs).unref()
  }

  /** Tells of all that have gathered; before somebody reads what was told, and at the end. */
  tellAll(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const ended of waiting) this.#tell(ended)
  }
}
