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
  /** Its last segment may be any name: the key in the table ends in `/{}`. */
  readonly isVariable?: true
  /** Answers the request, or says why not. */
  readonly answer: (received: Received) => Refusal | null | Promise<Refusal | null>
}

/** Paths match exactly, byte for byte: no decoding, no prefix, no folding of case, dots or slashes (T15). */
export type RouteTable = ReadonlyMap<string, Route>

/** What a variable segment may be: an id of ours, a file's name. Nothing that could be read as another path. */
const variableSegment = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$/

/** The route of a path: an exact one, or one whose last segment is variable. */
export function findRoute(routes: RouteTable, path: string): Route | undefined {
  const exact = routes.get(path)
  if (exact !== undefined) return exact.isVariable === true ? undefined : exact
  const slash = path.lastIndexOf('/')
  if (!variableSegment.test(path.slice(slash + 1))) return undefined
  return routes.get(`${path.slice(0, slash)}/{}`)
}

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
