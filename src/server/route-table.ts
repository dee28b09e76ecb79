import type { Received } from '../gateway/received.ts'
import type { Refusal } from '../gateway/refusal.ts'
import type { Registered } from '../telemetry/field.ts'
import type { Surface } from '../telemetry/vocabulary.ts'

/** One path the product answers. */
export interface Route {
  /** The path with its variable part named: what metrics and logs call it. */
  readonly template: Registered<'route'>
  readonly surface: Surface
  readonly methods: readonly string[]
  /** Answers the request, or says why not. */
  readonly answer: (received: Received) => Refusal | null | Promise<Refusal | null>
}

/** Paths match exactly, byte for byte: no decoding, no prefix, no folding of case, dots or slashes (T15). */
export type RouteTable = ReadonlyMap<string, Route>
