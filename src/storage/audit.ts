import { sql } from 'kysely'
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
export function auditStore({ kysely, kind }: Database): AuditStore {
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
      if (rows.length === 0) return
      // All rows travel as one JSON parameter: one statement for any number of them, compiled once.
      const json = JSON.stringify(rows.map(valuesOf))
      const given =
        kind === 'sqlite'
          ? sql`select ${sql.join(places.map((place) => sql`value ->> ${sql.lit(place)}`))} from json_each(${json})`
          : sql`select ${sql.join(places.map(postgresValue))} from json_array_elements(${json}::json) as given(value)`
      const into = sql`insert into audit_log (${sql.join(columns.map((column) => sql.ref(column)))}) ${given}`
      await kysely.transaction().execute((trx) => into.execute(trx))
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

const places = columns.map((_, place) => place)
const numbers: ReadonlySet<string> = new Set(['time', 'count'])

function postgresValue(place: number) {
  const value = sql`given.value ->> ${sql.lit(place)}`
  return numbers.has(columns[place] ?? '') ? sql`(${value})::bigint` : value
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
