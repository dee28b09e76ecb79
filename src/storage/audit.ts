import type { Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import type { AuditAction, AuditRow, AuditStore } from '../telemetry/audit-store.ts'
import type { Database } from './database.ts'
import type { AuditLogRow, Schema } from './schema.ts'

export interface Change {
  readonly action: AuditAction
  readonly target: string
  readonly workspace: string | null
  readonly time: number
  readonly actor: Actor
}

/** Writes the audit row of a change, inside the change's own transaction. */
export async function appendAudit(
  trx: Transaction<Schema>,
  random: RandomSource,
  { actor, ...change }: Change,
): Promise<void> {
  await trx
    .insertInto('audit_log')
    .values({
      id: newId('aud', random),
      actor_kind: actor.kind,
      actor_id: actor.id,
      client_id: null,
      credential_id: null,
      address: null,
      outcome: 'success',
      reason: null,
      request_id: null,
      trace_id: null,
      count: 1,
      ...change,
    })
    .execute()
}

/** Rows of one statement: both databases bound the number of parameters. */
const rowsAtOnce = 500

/** The audit log of a database. */
export function auditStore({ kysely }: Database): AuditStore {
  return {
    async list({ target, actorId, workspace, action, since, until, limit }) {
      let query = kysely.selectFrom('audit_log').selectAll()
      if (target !== undefined) query = query.where('target', '=', target)
      if (actorId !== undefined) query = query.where('actor_id', '=', actorId)
      if (workspace !== undefined) query = query.where('workspace', '=', workspace)
      if (action !== undefined) query = query.where('action', '=', action)
      if (since !== undefined) query = query.where('time', '>=', since)
      if (until !== undefined) query = query.where('time', '<', until)
      const rows = await query.orderBy('time', 'desc').orderBy('position', 'desc').limit(limit).execute()
      return rows.map(rowOf)
    },

    async append(rows) {
      await kysely.transaction().execute(async (trx) => {
        for (let from = 0; from < rows.length; from += rowsAtOnce) {
          const values = rows.slice(from, from + rowsAtOnce).map(columnsOf)
          await trx.insertInto('audit_log').values(values).execute()
        }
      })
    },

    forgetBefore(time, most) {
      return kysely.transaction().execute(async (trx) => {
        const old = trx
          .selectFrom('audit_log')
          .select('position')
          .where('time', '<', time)
          .orderBy('time')
          .limit(most)
        const gone = await trx.deleteFrom('audit_log').where('position', 'in', old).executeTakeFirst()
        return Number(gone.numDeletedRows)
      })
    },
  }
}

function columnsOf(row: AuditRow) {
  const { actorKind, actorId, clientId, credentialId, requestId, traceId, ...same } = row
  return {
    ...same,
    actor_kind: actorKind,
    actor_id: actorId,
    client_id: clientId,
    credential_id: credentialId,
    request_id: requestId,
    trace_id: traceId,
  }
}

function rowOf(row: Omit<AuditLogRow, 'position'>): AuditRow {
  return {
    id: row.id,
    time: row.time,
    actorKind: row.actor_kind,
    actorId: row.actor_id,
    workspace: row.workspace,
    clientId: row.client_id,
    credentialId: row.credential_id,
    address: row.address,
    action: row.action,
    target: row.target,
    outcome: row.outcome,
    reason: row.reason,
    requestId: row.request_id,
    traceId: row.trace_id,
    count: row.count,
  }
}
