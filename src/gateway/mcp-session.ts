import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/hash.ts'
import { workspaceOf } from '../principal/principal.ts'
import type { Principal } from '../principal/principal.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { McpSession, McpSessionStore, SessionEndReason, SessionOwner } from './mcp-session-store.ts'
import type { Refusal } from './refusal.ts'

export interface McpSessionsDependencies {
  readonly store: McpSessionStore
  readonly clock: Clock
  readonly emit: Emit
  readonly noteSeen: (idHash: string, at: number) => void
}

const unknown: Refusal = Object.freeze({ refused: 'session_unknown' })
const idShape = /^[\x21-\x7e]{1,1024}$/

/** Legacy MCP sessions and whose they are. Never authentication: identity comes from each request (T2). */
export class McpSessions {
  readonly #parts: McpSessionsDependencies

  constructor(dependencies: McpSessionsDependencies) {
    this.#parts = dependencies
  }

  /** The caller's session. One that is missing, ended, elsewhere or somebody else's gets one answer (T10). */
  async resume(id: string, upstream: string, principal: Principal): Promise<McpSession | Refusal> {
    const { store, clock, noteSeen } = this.#parts
    const owner = ownerOf(principal)
    if (owner === null || !idShape.test(id)) return unknown
    const idHash = hashSessionId(upstream, id)
    let session: McpSession | undefined
    try {
      const found = store.find(idHash)
      session = found instanceof Promise ? await found : found
    } catch (error) {
      return this.#unavailable('find_session', error)
    }
    if (session === undefined || !isSameOwner(session, owner)) return unknown
    noteSeen(idHash, clock.now())
    return session
  }

  /**
   * Binds a session that an upstream has just opened to the one who asked. Committed before the client learns of
   * the id. Refused when the upstream hands out an id that is bound already.
   */
  async open(id: string, upstream: string, principal: Principal): Promise<Refusal | null> {
    const owner = ownerOf(principal)
    if (owner === null || !idShape.test(id))
      return { refused: 'upstream_failed', detail: 'unusable session id' }
    const now = this.#parts.clock.now()
    const session = {
      ...owner,
      idHash: hashSessionId(upstream, id),
      upstream,
      startedAt: now,
      lastSeenAt: now,
    }
    try {
      await this.#parts.store.start(session)
      return null
    } catch (error) {
      return this.#unavailable('start_session', error)
    }
  }

  async end({ idHash }: McpSession, reason: SessionEndReason): Promise<void> {
    try {
      await this.#parts.store.end(idHash, this.#parts.clock.now(), reason)
    } catch {
      this.#parts.emit('store_query_failed', { operation: 'end_session' })
    }
  }

  #unavailable(operation: 'find_session' | 'start_session', error: unknown): Refusal {
    this.#parts.emit('store_query_failed', { operation })
    return { refused: 'store_unavailable', detail: error instanceof Error ? error.message : operation }
  }
}

/** Session ids are bearer secrets of the upstream's making: only their hash is kept, apart for each upstream. */
function hashSessionId(upstream: string, id: string): string {
  return sha256Hex(`${upstream}\n${id}`)
}

function ownerOf(principal: Principal): SessionOwner | null {
  if (principal.kind === 'anonymous') return null
  const clientId = principal.kind === 'user' ? (principal.clientId ?? '') : ''
  const { issuer, subject } = principal
  return { issuer, subject, clientId, workspace: workspaceOf(principal) ?? '' }
}

function isSameOwner(a: SessionOwner, b: SessionOwner): boolean {
  return (
    a.issuer === b.issuer &&
    a.subject === b.subject &&
    a.clientId === b.clientId &&
    a.workspace === b.workspace
  )
}
