import type { TraceParent } from '../mcp/trace-parent.ts'

export type AttributeValue = string | number | boolean
/** A frozen one comes again and again: encoders may keep its bytes. */
export type Attribute = readonly [name: string, value: AttributeValue]

/** One span that is over: made from recorded times, when it is known that it is kept. */
export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | null
  /** Whether the parent is in another process. */
  readonly remoteParent: boolean
  readonly name: string
  readonly kind: 'server' | 'client'
  /** Milliseconds since the Unix epoch, with fractions. */
  readonly startedAt: number
  readonly endedAt: number
  readonly attributes: readonly Attribute[]
  readonly links: readonly TraceParent[]
  readonly failed: boolean
}

/** Who sends the spans: the same for all of one process. */
export interface SpanSource {
  readonly resource: readonly Attribute[]
  readonly scope: { readonly name: string; readonly version: string }
}

/** OTLP's numbers, which both of its encodings share. */
export const spanKinds = { server: 2, client: 3 } as const
export const errorStatus = 2

/** `Span.flags`: sampled, and whether the parent is remote is known (0x100) and true (0x200). */
export function spanFlags({ remoteParent }: Pick<Span, 'remoteParent'>): number {
  return remoteParent ? 0x301 : 0x101
}

/** Flags of a link to a context that came over the wire. */
export const linkFlags = 0x301

/** Whole microseconds since the epoch: a double holds them exactly, as it would not hold nanoseconds. */
export function microseconds(milliseconds: number): number {
  return Math.round(milliseconds * 1000)
}

/** Nanoseconds since the epoch, to the microsecond. */
export function nanoseconds(milliseconds: number): bigint {
  return BigInt(microseconds(milliseconds)) * 1000n
}
