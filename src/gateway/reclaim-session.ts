import type { Principal } from '../principal/principal.ts'
import type { Assertions } from '../tokens/assertion.ts'
import type { UpstreamConnection } from '../upstreams/connection.ts'
import { identityFor } from './outbound-identity.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { IdleSession, McpSessions } from './mcp-session.ts'
import type { McpSession } from './mcp-session-store.ts'

/** An upstream as the sweep reaches it. */
export interface ReachableUpstream {
  readonly upstream: Upstream
  readonly connection: UpstreamConnection
}

export interface ReclaimParts {
  readonly sessions: McpSessions
  readonly assertions: Assertions
  readonly find: (name: string) => ReachableUpstream | undefined
}

const atOnce = 100
const timeoutMs = 5000

/**
 * Ends the sessions of clients that never say goodbye (T39), here and upstream, where we hold a credential of our own.
 * Answers how many ended. An upstream that does not answer keeps its side: its own idle time has to do.
 */
export async function reclaimIdleSessions(idleMs: number, parts: ReclaimParts): Promise<number> {
  let count = 0
  for (;;) {
    const idle = await parts.sessions.endIdle(idleMs, atOnce)
    await Promise.all(idle.map((session) => endUpstream(session, parts)))
    count += idle.length
    if (idle.length < atOnce) return count
  }
}

async function endUpstream({ session, id }: IdleSession, { assertions, find }: ReclaimParts): Promise<void> {
  const reachable = find(session.upstream)
  if (reachable === undefined || reachable.upstream.identity.mode === 'forward-key') return
  const { upstream, connection } = reachable
  const identity = await identityFor(upstream, ownerPrincipal(session), { kind: 'none' }, assertions)
  const headers = [...identity, 'mcp-session-id', id]
  const limits = { headersTimeout: timeoutMs, bodyTimeout: timeoutMs }
  await new Promise<void>((resolve) => {
    const over = () => resolve()
    const ignore = () => {}
    connection.dispatch(
      { path: connection.path, method: 'DELETE', headers, ...limits },
      {
        onRequestStart: ignore,
        onResponseStart: ignore,
        onResponseData: ignore,
        onResponseEnd: over,
        onResponseError: over,
      },
    )
  })
}

/** The owner as far as a farewell needs it: the same subject, and no right to anything else. */
function ownerPrincipal({ issuer, subject, clientId, workspace, upstream }: McpSession): Principal {
  if (subject === '') return { kind: 'anonymous' }
  if (issuer === upstream) return { kind: 'external', issuer, subject, workspace }
  if (workspace === '') return { kind: 'admin', issuer, subject: 'admin' }
  const client = clientId === '' ? {} : { clientId }
  const nothing = { scopes: [], credentialId: '', upstreams: [], attributionSalt: '' }
  return { kind: 'user', issuer, subject, workspace, ...nothing, ...client }
}
