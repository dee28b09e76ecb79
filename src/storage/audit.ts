import type { Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import { newId } from '../lib/id.ts'
import { JsonBatch, sharedBytes } from '../lib/json-batch.ts'
import type { RandomSource } from '../lib/random.ts'
import type { AuditAction, AuditBatch, AuditRow, AuditStore } from '../telemetry/audit-store.ts'
import type { BulkStatement, Database } from './database.ts'
import type { AuditLogRow, Schema } from './schema.ts'

export interface Change {
  readonly action: AuditAction
  readonly target: string
  readonly workspace: string | null
  readonly time: number
  readonly actor: Actor
  readonly reason?: string
  readonly address?: string
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

/** The audit log of a database. */
export function auditStore(database: Database): AuditStore {
  const { kysely } = database
  let spare: JsonBatch | null = null
  const newBatch = (): AuditBatch => {
    // Shared, for SQLite's thread reads them where they lie.
    const rows = spare ?? new JsonBatch({ opening: '[', closing: ']' }, sharedBytes)
    spare = null
    let size = 0
    return {
      get size() {
        return size
      },
      add(row) {
        rows.add(JSON.stringify(valuesOf(row)))
        size += 1
      },
      async write() {
        await database.insertMany(insertRow, rows.whole(), size)
        rows.empty()
        spare = rows
      },
    }
  }
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

    newBatch,

    async append(rows) {
      const batch = newBatch()
      for (const row of rows) batch.add(row)
      if (batch.size > 0) await batch.write()
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

/** The columns of an inserted row, in the order of `valuesOf`. */
const columns = [
  'id',
  'time',
  'actor_kind',
  'actor_id',
  'workspace',
  'client_id',
  'credential_id',
  'address',
  'action',
  'target',
  'outcome',
  'reason',
  'request_id',
  'trace_id',
  'count',
] as const satisfies readonly (keyof AuditLogRow)[]

const numbers: ReadonlySet<string> = new Set(['time', 'count'])
const given = columns.map((column, place) => {
  const value = `given.value ->> ${place}`
  return numbers.has(column) ? `(${value})::bigint` : value
})
const into = `insert into audit_log (${columns.join(', ')})`

const insertRow: BulkStatement = {
  sqlite: `${into} values (${columns.map(() => '?').join(', ')})`,
  postgres: `${into} select ${given.join(', ')} from json_array_elements($1::json) as given(value)`,
}

function valuesOf(row: AuditRow): readonly (string | number | null)[] {
  return [
    row.id,
    row.time,
    row.actorKind,
    row.actorId,
    row.workspace,
    row.clientId,
    row.credentialId,
    row.address,
    row.action,
    row.target,
    row.outcome,
    row.reason,
    row.requestId,
    row.traceId,
    row.count,
  ]
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
