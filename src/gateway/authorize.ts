import { decideAccess } from '../access/upstream-access.ts'
import type { Message } from '../mcp/message.ts'
import type { Principal } from '../principal/principal.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { McpSession } from './mcp-session-store.ts'
import type { McpSessions } from './mcp-session.ts'
import type { Understood } from './read-messages.ts'
import type { Received } from './received.ts'
import type { Refusal } from './refusal.ts'

class AuthorizedRequest {
  declare protected readonly stage: 'authorized'
  readonly received: Received
  readonly upstream: Upstream
  readonly principal: Principal
  readonly body: Buffer | null
  readonly messages: readonly Message[]
  /** The MCP session it belongs to; null when it names none. */
  readonly session: McpSession | null

  constructor(understood: Understood, session: McpSession | null) {
    this.received = understood.received
    this.upstream = understood.upstream
    this.principal = understood.principal
    this.body = understood.body
    this.messages = understood.messages
    this.session = session
  }
}

/** A request whose caller may do what it asks. */
export type Authorized = AuthorizedRequest

/** Judges what the caller may do: the upstream, its scopes, and the MCP session it names. */
export function authorize(
  understood: Understood,
  sessions: McpSessions,
): Authorized | Refusal | Promise<Authorized | Refusal> {
  const { principal, upstream, received } = understood
  const decision = decideAccess(principal, upstream)
  if (decision === 'insufficient_scope') return { refused: decision, scopes: upstream.scopes }
  if (decision === 'upstream_not_allowed') return { refused: decision }
  const { sessionId } = received.head
  if (sessionId === undefined) return new AuthorizedRequest(understood, null)
  return sessions
    .resume(sessionId, upstream.name, principal)
    .then((session) => ('refused' in session ? session : new AuthorizedRequest(understood, session)))
}
