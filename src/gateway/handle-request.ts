import type { Upstream } from '../upstreams/upstream.ts'
import { authenticate } from './authenticate.ts'
import type { Authenticator } from './authenticate.ts'
import { authorize } from './authorize.ts'
import { forward } from './forward.ts'
import type { ForwardParts } from './forward.ts'
import { limit, limitFailures } from './limit.ts'
import type { Limits } from './limit.ts'
import type { ObserveAuthentication } from './observe-authentication.ts'
import { readMessages } from './read-messages.ts'
import type { Understood } from './read-messages.ts'
import type { Received } from './received.ts'
import { isRefusal } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { route } from './route.ts'

export interface GatewayParts extends ForwardParts {
  readonly authenticators: readonly Authenticator[]
  readonly observeAuthentication: ObserveAuthentication
  readonly maxBodyBytes: number
  /** Null when limits are off. */
  readonly limits: Limits | null
}

/**
 * The way of one MCP request. Answers with a refusal to be rendered, or null when the answer has gone out. What a step
 * answers at once is not awaited: on the embedded store the body's reader is then there before the body.
 */
export async function handleRequest(
  received: Received,
  upstream: Upstream,
  parts: GatewayParts,
): Promise<Refusal | null> {
  const { call } = received
  call.upstream = upstream
  const routed = route(received, upstream)
  if (isRefusal(routed)) return routed

  const judged = authenticate(routed, parts.authenticators)
  const identified = judged instanceof Promise ? await judged : judged
  parts.observeAuthentication(received.head.credential, identified)
  if (isRefusal(identified)) return limitFailures(identified, received, parts.limits)

  call.principal = identified.principal
  const understood = await readMessages(identified, parts.maxBodyBytes)
  if (isRefusal(understood)) return understood
  call.messages = understood.messages
  call.client = introducedAs(understood) ?? call.client

  const decided = authorize(understood, parts.sessions)
  const authorized = decided instanceof Promise ? await decided : decided
  if (isRefusal(authorized)) return repeatingId(authorized, understood)

  call.client = authorized.session?.client ?? call.client

  const permitted = limit(authorized, parts.limits)
  if (isRefusal(permitted)) return repeatingId(permitted, understood)

  const refusal = await forward(permitted, parts)
  return refusal === null ? null : limitFailures(repeatingId(refusal, understood), received, parts.limits)
}

/** A refusal with the id of the call, so that a client knows which one was refused; a batch has no one id. */
function repeatingId(refusal: Refusal, { messages }: Understood): Refusal {
  const id = messages.length === 1 ? (messages[0]?.id ?? null) : null
  return { id, ...refusal }
}

/** The client as it introduces itself in this request; legacy clients do so in `initialize` alone. */
function introducedAs({ messages }: Understood) {
  for (const { introduction } of messages) if (introduction !== null) return introduction.client
  return null
}
