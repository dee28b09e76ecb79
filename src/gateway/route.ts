import type { Upstream } from '../upstreams/upstream.ts'
import type { Received } from './received.ts'
import type { Refusal } from './refusal.ts'

class RoutedRequest {
  declare protected readonly stage: 'routed'
  readonly received: Received
  readonly upstream: Upstream

  constructor(received: Received, upstream: Upstream) {
    this.received = received
    this.upstream = upstream
  }
}

/** Past the guard, with its upstream known. */
export type Routed = RoutedRequest

/** The methods an MCP endpoint answers (Streamable HTTP). */
export const mcpMethods = ['POST', 'GET', 'DELETE'] as const

/** Binds a request to the upstream of its path. Before authentication: the challenge has to name the resource. */
export function route(received: Received, upstream: Upstream): Routed | Refusal {
  const { head, request } = received
  if (head.method !== 'POST' && hasBody(request.headers)) return { refused: 'body_unexpected' }
  return new RoutedRequest(received, upstream)
}

function hasBody(headers: Received['request']['headers']): boolean {
  const length = headers['content-length']
  return headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0')
}
