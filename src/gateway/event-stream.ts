import type { ServerResponse } from 'node:http'

/** A blank line behind a line: the end of an event, in each way the grammar allows lines to end. */
const eventEnd = /\n\r?\n$|\r\r\n?$/
const keepAlive = ': keep-alive\n\n'

/** One event stream on its way to a client (`text/event-stream`, WHATWG HTML section 9.2). */
export class EventStream {
  /** Whether somebody waits for an answer on it: such a stream ends with that, not before. */
  readonly awaited: boolean
  readonly #response: ServerResponse
  /** The last four bytes passed on: enough to see an event's end. */
  #tail = ''
  #quiet = false

  constructor(response: ServerResponse, { awaited }: { awaited: boolean }) {
    this.#response = response
    this.awaited = awaited
  }

  /** Whether the last byte passed on ended an event, so that a comment here cannot tear one. */
  get atBoundary(): boolean {
    return this.#tail === '' || eventEnd.test(this.#tail)
  }

  note(chunk: Buffer): void {
    this.#quiet = false
    const last = chunk.toString('latin1', Math.max(0, chunk.length - 4))
    this.#tail = last.length === 4 ? last : (this.#tail + last).slice(-4)
  }

  /** Sends a comment when nothing has passed since the last call, so that idle proxies keep the stream (T44). */
  keepAlive(): void {
    if (this.#quiet && this.atBoundary && !this.#response.writableNeedDrain) this.#response.write(keepAlive)
    this.#quiet = true
  }

  end(): void {
    this.#response.end()
  }
}

/** The event streams that are open now: one timer serves all of them. */
export interface OpenStreams {
  open(stream: EventStream): EventStream
  closed(stream: EventStream): void
  /** Ends the streams on which nobody waits for an answer, at shutdown; clients come back elsewhere. */
  endAll(): void
  readonly count: number
}

/** Starts the timer with the first stream and stops it with the last. */
export function createOpenStreams(keepAliveSeconds: number): OpenStreams {
  const streams = new Set<EventStream>()
  let timer: NodeJS.Timeout | null = null
  return {
    open(stream) {
      streams.add(stream)
      timer ??= setInterval(() => {
        for (const open of streams) open.keepAlive()
      }, keepAliveSeconds * 1000).unref()
      return stream
    },
    closed(stream) {
      streams.delete(stream)
      if (streams.size > 0 || timer === null) return
      clearInterval(timer)
      timer = null
    },
    endAll() {
      for (const stream of streams) if (!stream.awaited) stream.end()
    },
    get count() {
      return streams.size
    },
  }
}
