import type { ClientFamily } from '../mcp/client-family.ts'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import { clientOf, workspaceOf } from '../principal/principal.ts'
import type { Principal } from '../principal/principal.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { SessionEndReason } from '../telemetry/vocabulary.ts'
import type { McpSession, McpSessionStore, SessionOwner } from './mcp-session-store.ts'
import type { Refusal } from './refusal.ts'

export interface McpSessionsDependencies {
  readonly store: McpSessionStore
  readonly box: SealedBox
  readonly clock: Clock
  readonly emit: Emit
  readonly noteSeen: (idHash: string, at: number) => void
  readonly names: NameRegistry
}

/** A session of a client that is gone, with what is needed to end it upstream too. */
export interface IdleSession {
  readonly session: McpSession
  readonly id: string
}

const unknown: Refusal = Object.freeze({ refused: 'session_unknown' })
const idShape = /^[\x21-\x7e]{1,1024}$/

/** Legacy MCP sessions and whose they are. Never authentication: identity comes from each request (T2). */
export class McpSessions {
  readonly #parts: McpSessionsDependencies
  /** Sessions with an open event stream here, and how many: they are alive without saying so. */
  readonly #held = new Map<string, number>()

  constructor(dependencies: McpSessionsDependencies) {
    this.#parts = dependencies
  }

  /** The caller's session. One that is missing, ended, elsewhere or somebody else's gets one answer (T10). */
  async resume(id: string, upstream: string, principal: Principal): Promise<McpSession | Refusal> {
    const { store, clock, noteSeen } = this.#parts
    if (!idShape.test(id)) return unknown
    const idHash = hashSessionId(upstream, id)
    let session: McpSession | undefined
    try {
      const found = store.find(idHash)
      session = found instanceof Promise ? await found : found
    } catch (error) {
      return this.#unavailable('find_session', error)
    }
    if (session === undefined || !isSameOwner(session, ownerOf(principal))) return unknown
    noteSeen(idHash, clock.now())
    return session
  }

  /**
   * Binds a session that an upstream has just opened to the one who asked. Committed before the client learns of
   * the id. Refused when the upstream hands out an id that is somebody else's already.
   */
  async open(
    id: string,
    upstream: string,
    principal: Principal,
    client: ClientFamily,
  ): Promise<Refusal | null> {
    if (!idShape.test(id)) return { refused: 'upstream_failed', detail: 'unusable session id' }
    const { clock, box, store } = this.#parts
    const now = clock.now()
    const idHash = hashSessionId(upstream, id)
    const sealedId = box.seal(id, purpose(idHash))
    try {
      await store.start({
        ...ownerOf(principal),
        idHash,
        upstream,
        sealedId,
        client,
        startedAt: now,
        lastSeenAt: now,
      })
      return null
    } catch (error) {
      if (error instanceof Failure && error.code === 'session_taken') {
        return { refused: 'upstream_failed', detail: error.message }
      }
      return this.#unavailable('start_session', error)
    }
  }

  async end({ idHash }: McpSession, reason: SessionEndReason): Promise<void> {
    try {
      const ended = await this.#parts.store.end(idHash)
      if (ended !== undefined) this.#tellEnd(ended, reason)
    } catch {
      this.#parts.emit('store_query_failed', { operation: 'end_session' })
    }
  }

  /** While an event stream of a session is open it counts as seen; call the answer when the stream is over. */
  hold({ idHash }: McpSession): () => void {
    this.#held.set(idHash, (this.#held.get(idHash) ?? 0) + 1)
    return () => {
      const left = (this.#held.get(idHash) ?? 1) - 1
      if (left > 0) this.#held.set(idHash, left)
      else this.#held.delete(idHash)
      this.#parts.noteSeen(idHash, this.#parts.clock.now())
    }
  }

  /** States that the held sessions are alive; to be called well within the idle time. */
  noteHeld(): void {
    const now = this.#parts.clock.now()
    for (const idHash of this.#held.keys()) this.#parts.noteSeen(idHash, now)
  }

  /** Ends at most `most` sessions that nobody has used for `idleMs`, each on one replica only. */
  async endIdle(idleMs: number, most: number): Promise<IdleSession[]> {
    const { store, clock, box } = this.#parts
    const ended = await store.endIdle(clock.now() - idleMs, most)
    for (const session of ended) this.#tellEnd(session, 'idle')
    return ended.map((session) => ({ session, id: box.open(session.sealedId, purpose(session.idHash)) }))
  }

  /** Said only by whoever ended it: the store answers the row to one caller. */
  #tellEnd({ upstream, startedAt, lastSeenAt }: McpSession, reason: SessionEndReason): void {
    const { names, emit, clock } = this.#parts
    // An idle session was over when it was last seen; the wait for the sweep is not part of it.
    const endedAt = reason === 'idle' ? lastSeenAt : clock.now()
    const duration = Math.max(0, endedAt - startedAt) / 1000
    emit('mcp_session_ended', { upstream: names.member('upstream', upstream), end_reason: reason, duration })
  }

  #unavailable(operation: 'find_session' | 'start_session', error: unknown): Refusal {
    this.#parts.emit('store_query_failed', { operation })
    return { refused: 'store_unavailable', detail: error instanceof Error ? error.message : operation }
  }
}

/** Session ids are bearer secrets of the upstream's making: they are looked up by hash, apart for each upstream. */
function hashSessionId(upstream: string, id: string): string {
  return sha256Hex(`${upstream}\n${id}`)
}

function purpose(idHash: string): string {
  return `mcp session ${idHash}`
}

/** Anonymous callers are one owner: among them, only the id itself keeps sessions apart. */
function ownerOf(principal: Principal): SessionOwner {
  if (principal.kind === 'anonymous') return { issuer: '', subject: '', clientId: '', workspace: '' }
  const { issuer, subject } = principal
  return { issuer, subject, clientId: clientOf(principal) ?? '', workspace: workspaceOf(principal) ?? '' }
}

function isSameOwner(a: SessionOwner, b: SessionOwner): boolean {
  return (
    a.issuer === b.issuer &&
    a.subject === b.subject &&
    a.clientId === b.clientId &&
    a.workspace === b.workspace
  )
}
