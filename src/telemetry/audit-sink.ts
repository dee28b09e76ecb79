import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import { clientOf, credentialOf, workspaceOf } from '../principal/principal.ts'
import type { AuditBatch, AuditRow, AuditStore } from './audit-store.ts'
import type { Log } from './log.ts'
import type { SignalFields } from './signals.ts'
import type { Sink } from './telemetry.ts'

/** Which calls are audited. */
export const auditedCalls = ['all', 'refused', 'off'] as const
export type AuditedCalls = (typeof auditedCalls)[number]

export interface AuditSinkDependencies {
  readonly store: Pick<AuditStore, 'newBatch'>
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
  /** Told how many rows were lost. */
  readonly dropped: (reason: 'queue_full', count: number) => void
}

/** A sink whose rows are written in batches. */
export interface AuditSink extends Sink {
  /** Writes what has gathered; what cannot be written is tried again with the next round. */
  flush(): Promise<void>
}

/** Rows that may wait for the store; beyond, the newest are dropped and counted. */
const mostWaiting = 20_000
/** Rows that do not wait for the next round. */
const largeBatch = 4000

/**
 * Audits calls in batches. Refusals of strangers are gathered, one line for each reason and surface in a round: an
 * attacker fills no disk with them.
 */
export function createAuditSink(calls: AuditedCalls, parts: AuditSinkDependencies): AuditSink {
  const nextId = auditIds(parts.random)
  let batch = parts.store.newBatch()
  /** Batches that are being written or could not be, the oldest first, and the number of their rows. */
  const closed: AuditBatch[] = []
  let closedRows = 0
  let strangers = new Map<string, AuditRow>()
  let writing: Promise<void> = Promise.resolve()

  const add = (row: AuditRow) => {
    if (closedRows + batch.size >= mostWaiting) return parts.dropped('queue_full', 1)
    batch.add(row)
    if (batch.size === largeBatch) void flush()
  }
  const writeOut = async () => {
    for (const row of strangers.values()) batch.add(row)
    strangers = new Map()
    if (batch.size > 0) {
      closed.push(batch)
      closedRows += batch.size
      batch = parts.store.newBatch()
    }
    try {
      for (let oldest = closed[0]; oldest !== undefined; oldest = closed[0]) {
        await oldest.write()
        closed.shift()
        closedRows -= oldest.size
      }
    } catch (error) {
      parts.log.warn('audit rows could not be written; they are kept for the next round', {
        count: closedRows,
        detail: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
  const flush = () => {
    writing = writing.then(writeOut)
    return writing
  }
  const gather = (facts: Pick<AuditRow, 'action' | 'target' | 'reason'>) => {
    const key = `${facts.action} ${facts.reason} ${facts.target}`
    const known = strangers.get(key)
    const row = known ?? {
      id: nextId(),
      time: parts.clock.now(),
      ...nobody,
      ...facts,
      outcome: 'refused',
      count: 0,
    }
    strangers.set(key, { ...row, count: (known?.count ?? 0) + 1 })
  }
  const stranger = ({ reason, surface }: SignalFields<'auth_rejected'>) =>
    gather({ action: 'request.refused', target: surface, reason })
  // Not by the account: what is typed there may be anything, a password included.
  const login = ({ provider, outcome }: SignalFields<'login'>) => {
    if (outcome === 'failure') gather({ action: 'login.failed', target: provider, reason: null })
  }
  const call = (fields: SignalFields<'operation_ended'>, time: number) => {
    const { error_type: error, principal, target, mcp_method: method, upstream } = fields
    const refused = error !== undefined && !error.startsWith('-')
    if (calls === 'refused' && !refused) return
    const about = target === undefined ? `${upstream} ${method}` : `${upstream} ${method} ${target}`
    // One literal: this is made for every call.
    add({
      id: nextId(),
      time,
      actorKind: principal.kind,
      actorId: principal.kind === 'anonymous' ? null : principal.subject,
      workspace: workspaceOf(principal),
      clientId: clientOf(principal),
      credentialId: credentialOf(principal),
      address: fields.address,
      action: 'mcp.call',
      target: about,
      outcome: error === undefined ? 'success' : refused ? 'refused' : 'failed',
      reason: error ?? null,
      requestId: fields.request_id,
      traceId: fields.trace_id ?? null,
      count: 1,
    })
  }
  return {
    takes: new Set(calls === 'off' ? [] : ['operation_ended', 'auth_rejected', 'login']),
    take(signal, fields, at = parts.clock.now()) {
      if (calls === 'off') return
      if (signal === 'operation_ended') call(fields as SignalFields<'operation_ended'>, at)
      else if (signal === 'auth_rejected') stranger(fields as SignalFields<'auth_rejected'>)
      else if (signal === 'login') login(fields as SignalFields<'login'>)
    },
    flush,
  }
}

/** Ids of gathered rows: a random part for the process and a count, for each call has one. */
function auditIds(random: RandomSource): () => string {
  const process = newId('aud', random)
  let count = 0
  return () => {
    count += 1
    return `${process}${count.toString(36)}`
  }
}

/** What is not known of strangers. */
const nobody = {
  actorKind: 'anonymous',
  actorId: null,
  workspace: null,
  clientId: null,
  credentialId: null,
  address: null,
  requestId: null,
  traceId: null,
} as const
