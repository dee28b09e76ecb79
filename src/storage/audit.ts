import type { Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import type { AuditAction, AuditStore } from '../telemetry/audit-store.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

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
      outcome: 'success',
      ...change,
    })
    .execute()
}

/** The audit log of a database. */
export function auditStore({ kysely }: Database): AuditStore {
  return {
    async list({ target, limit }) {
      return kysely
        .selectFrom('audit_log')
        .select(['id', 'time', 'actor_kind as actorKind', 'actor_id as actorId', 'workspace'])
        .select(['action', 'target', 'outcome'])
        .$if(target !== undefined, (query) => query.where('target', '=', target ?? ''))
        .orderBy('time', 'desc')
        .orderBy('position', 'desc')
        .limit(limit)
        .execute()
    },
  }
}
