import type { RandomSource } from '../lib/random.ts'
import type { TraceParent } from '../mcp/trace-parent.ts'

/** Where one request stands in its trace. Made before any span exists; most requests never get one. */
export interface TraceContext {
  readonly traceId: string
  /** The span of whoever called us; null when the trace begins here. */
  readonly parentSpanId: string | null
  /** Our call to the upstream: the parent of the upstream's own span. */
  readonly clientSpanId: string
  /** Other traces the request belongs to. */
  readonly links: readonly TraceParent[]
  readonly sampled: boolean
}

const mostLinks = 8
const noLinks: readonly TraceParent[] = Object.freeze([])

/** What a request says of the trace it comes from. */
export interface Parents {
  /** The `traceparent` header's. */
  readonly http: TraceParent | null
  /** Those of `params._meta`, message by message. */
  readonly meta: readonly TraceParent[]
}

/**
 * Places requests in traces and decides which are sampled: by a draw of our own, because a caller chooses both its
 * trace id and its sampled flag. What the ids are drawn from is fast and seeded well: ids are unique, not secret.
 */
export class TraceContexts {
  readonly #threshold: number
  readonly #state: Uint32Array
  readonly #words = new Uint32Array(6)
  readonly #bytes = Buffer.from(this.#words.buffer)

  constructor(sampleRatio: number, random: RandomSource) {
    this.#threshold = sampleRatio * 0x1_0000_0000
    this.#state = new Uint32Array(new Uint8Array(random.bytes(16)).buffer)
  }

  /** `_meta` names the parent where it is there, and the header's context is a link; else the header names it. */
  open({ http, meta }: Parents): TraceContext {
    const parent = meta[0] ?? http
    const words = this.#words
    for (let place = 0; place < 6; place += 1) words[place] = this.#draw()
    // An id of nothing but zeros is not valid.
    words[0] = (words[0] ?? 0) | 1
    words[4] = (words[4] ?? 0) | 1
    const ids = this.#bytes.toString('hex', 0, 24)
    return {
      traceId: parent === null ? ids.slice(0, 32) : parent.traceId,
      parentSpanId: parent === null ? null : parent.spanId,
      clientSpanId: ids.slice(32),
      links: meta.length === 0 ? noLinks : linksOf(parent, http, meta),
      sampled: this.#draw() < this.#threshold,
    }
  }

  newSpanId(): string {
    this.#words[0] = this.#draw() | 1
    this.#words[1] = this.#draw()
    return this.#bytes.toString('hex', 0, 8)
  }

  /** sfc32: passes the usual statistical batteries, in a handful of instructions. */
  #draw(): number {
    const state = this.#state
    const a = state[0] ?? 0
    const b = state[1] ?? 0
    const c = state[2] ?? 0
    const count = (state[3] ?? 0) + 1
    const drawn = (a + b + count) >>> 0
    state[0] = b ^ (b >>> 9)
    state[1] = (c + (c << 3)) >>> 0
    state[2] = ((c << 21) | (c >>> 11)) + drawn
    state[3] = count
    return drawn
  }
}

function linksOf(
  parent: TraceParent | null,
  http: TraceParent | null,
  meta: readonly TraceParent[],
): readonly TraceParent[] {
  const others = http === null ? meta.slice(1) : [http, ...meta.slice(1)]
  const different = others.filter(
    (other) => other.spanId !== parent?.spanId || other.traceId !== parent.traceId,
  )
  return different.slice(0, mostLinks)
}
