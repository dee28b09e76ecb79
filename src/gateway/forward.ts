import type { Assertions } from '../tokens/assertion.ts'
import type { UpstreamConnection } from '../upstreams/connection.ts'
import type { Traces } from '../telemetry/traces.ts'
import { identityFor } from './outbound-identity.ts'
import { joinTrace } from './outbound-trace.ts'
import type { Permitted } from './limit.ts'
import type { Refusal } from './refusal.ts'
import { Relay, waitsForEvents } from './relay.ts'
import type { RelayParts } from './relay.ts'

export interface ForwardParts extends RelayParts {
  readonly assertions: Assertions
  readonly connections: ReadonlyMap<string, UpstreamConnection>
  /** Null when traces are off. */
  readonly traces: Traces | null
}

/** Sends a permitted request to its upstream and relays the answer; null once it is answered. */
export async function forward(permitted: Permitted, parts: ForwardParts): Promise<Refusal | null> {
  const { upstream, principal, received, body } = permitted
  const connection = parts.connections.get(upstream.name)
  if (connection === undefined) return { refused: 'internal', detail: `no connection to ${upstream.name}` }
  const identity = identityFor(upstream, principal, received.head.credential, parts.assertions)
  const identityFields = identity instanceof Promise ? await identity : identity
  // A client that left meanwhile says so no more: nobody would break the call off.
  if (received.response.closed) return null
  const traced = joinTrace(permitted, parts.traces)
  const headers = [...traced, ...identityFields, 'x-request-id', received.requestId]
  return new Promise((resolve) => {
    connection.dispatch(
      {
        path: connection.path,
        method: received.head.method,
        headers,
        body,
        bodyTimeout: waitsForEvents(permitted) ? 0 : upstream.timeoutSeconds * 1000,
      },
      new Relay(permitted, parts, resolve),
    )
  })
}
