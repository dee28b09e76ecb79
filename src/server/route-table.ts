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

/** What a path without a route is taken for, when it is refused. */
export interface UnknownPath {
  (path: string): {
    readonly surface: Surface
    readonly reason: 'upstream_unknown' | 'transport_unsupported' | 'not_found'
  }
}

const mcpPath = /^\/mcp(?:\/[a-z0-9_-]{1,64})?$/
/** Where clients of the HTTP+SSE transport of 2024-11-05 look for it. */
const oldTransportPath = /^(?:\/mcp(?:\/[a-z0-9_-]{1,64})?)?\/(?:sse|messages?)$/

/** A path that would be an MCP endpoint if such an upstream existed is refused as one; nothing merely like it is. */
export function createUnknownPath(base: string): UnknownPath {
  return (path) => {
    const below = path.startsWith(base) ? path.slice(base.length) : path
    if (oldTransportPath.test(below)) return { surface: 'mcp', reason: 'transport_unsupported' }
    if (mcpPath.test(below)) return { surface: 'mcp', reason: 'upstream_unknown' }
    return { surface: 'other', reason: 'not_found' }
  }
}
