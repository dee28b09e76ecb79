import type { ExpressionBuilder, Kysely } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import { sameDigest } from '../lib/hash.ts'
import type { RandomSource } from '../lib/random.ts'
import { changesWhatWasApproved } from '../oauth/client-approval.ts'
import type { ClientFilter, ClientStore, StoredClient } from '../oauth/client-store.ts'
import type { ClientMetadata } from '../oauth/registration.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup } from './database.ts'
import { endClientAccess } from './end-client-access.ts'
import { recordLaterTimes } from './later-times.ts'
import type { ClientRow, Schema } from './schema.ts'

/** OAuth clients in a database. `tokens` answers for what they hold and forgets what a change here makes stale. */
export function clientStore(
  database: Database,
  tokens: Pick<HotLookup<unknown>, 'forgetAll'>,
  random: RandomSource,
): ClientStore {
  const { kysely, kind } = database
  return {
    async find(id) {
      const row = await kysely.selectFrom('clients').selectAll().where('id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : clientOf(row)
    },

    async list({ ownerId, status }) {
      let query = kysely.selectFrom('clients').selectAll()
      if (ownerId !== undefined) query = query.where('owner_id', '=', ownerId)
      if (status !== undefined) query = query.where('status', '=', status)
      return (await query.orderBy('created_at').orderBy('id').execute()).map(clientOf)
    },

    add(client, actor) {
      const { id, workspace, createdAt: time } = client
      return kysely.transaction().execute(async (trx) => {
        if (workspace !== null && !(await hasWorkspace(trx, workspace))) return 'workspace_unknown'
        const added = await trx
          .insertInto('clients')
          .values({
            id,
            origin: client.origin,
            status: client.status,
            name: client.name,
            metadata: JSON.stringify(client.metadata),
            secret_hash: client.secretHash,
            owner_id: client.ownerId,
            workspace,
            created_at: time,
            fetched_at: client.freshUntil === null ? null : time,
            fresh_until: client.freshUntil,
          })
          .onConflict((conflict) => conflict.column('id').doNothing())
          .executeTakeFirst()
        if (added.numInsertedOrUpdatedRows === 0n) return 'id_taken'
        await appendAudit(trx, random, { action: 'client.registered', target: id, workspace, time, actor })
        return 'added'
      })
    },

    change(id, { name, metadata, secretHash, freshUntil, needsApproval, at }, filter, actor) {
      return kysely.transaction().execute(async (trx) => {
        const before = await trx
          .selectFrom('clients')
          .selectAll()
          .where((eb) => eb.and({ id, ...conditionsOf(filter) }))
          .$if(kind === 'postgres', (query) => query.forUpdate())
          .executeTakeFirst()
        if (before === undefined) return undefined
        const text = JSON.stringify(metadata)
        const asks = needsApproval && changesWhatWasApproved(metadataOf(before), metadata)
        const seen = { fetched_at: freshUntil === null ? before.fetched_at : at, fresh_until: freshUntil }
        const status = asks && before.status === 'active' ? 'pending' : before.status
        // What an administrator is looking at must be what they approve (T19): it changes no more.
        const after: ClientRow =
          asks && before.status === 'pending'
            ? { ...before, ...seen }
            : { ...before, ...seen, name, metadata: text, secret_hash: secretHash, status }
        await trx.updateTable('clients').set(after).where('id', '=', id).execute()
        const sameProof = sameDigest(before.secret_hash ?? '', after.secret_hash ?? '')
        if (before.metadata !== after.metadata || !sameProof) {
          const { workspace } = before
          await appendAudit(trx, random, { action: 'client.changed', target: id, workspace, time: at, actor })
        }
        if (before.status !== after.status) tokens.forgetAll()
        return clientOf(after)
      })
    },

    setStatus(id, { from, to, action, at }, filter, actor) {
      return kysely.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable('clients')
          .set({ status: to })
          .where((eb) => eb.and({ id, ...conditionsOf(filter) }))
          .where('status', 'in', from)
          .returning('workspace')
          .executeTakeFirst()
        if (changed === undefined) return undefined
        await appendAudit(trx, random, { action, target: id, workspace: changed.workspace, time: at, actor })
        const ended =
          to === 'inactive'
            ? await endClientAccess(trx, random, id, at, actor)
            : { consents: 0, withTokens: 0 }
        tokens.forgetAll()
        return ended
      })
    },

    remove(id, at, filter, actor) {
      return kysely.transaction().execute(async (trx) => {
        const gone = await trx
          .deleteFrom('clients')
          .where((eb) => eb.and({ id, ...conditionsOf(filter) }))
          .returning('workspace')
          .executeTakeFirst()
        if (gone === undefined) return undefined
        const { workspace } = gone
        await appendAudit(trx, random, { action: 'client.deleted', target: id, workspace, time: at, actor })
        const ended = await endClientAccess(trx, random, id, at, actor)
        tokens.forgetAll()
        return ended
      })
    },

    count: () =>
      kysely
        .selectFrom('clients')
        .select(['status', 'origin', ({ fn }) => fn.countAll<number>().as('clients')])
        .groupBy(['status', 'origin'])
        .execute(),

    forgetUnused(registeredBefore, most, at) {
      return kysely.transaction().execute(async (trx) => {
        const unused = trx
          .selectFrom('clients')
          .select('id')
          // An inactive one stays: a document that was rejected would else come back as if it were new.
          .where('status', 'in', ['pending', 'active'])
          .where('origin', 'in', ['dynamic', 'metadata_document'])
          .where('last_used_at', 'is', null)
          .where('created_at', '<', registeredBefore)
          .where(({ not, exists }) => not(exists(heldConsents)))
          .limit(most)
        const gone = await trx
          .deleteFrom('clients')
          .where('id', 'in', unused)
          .where('last_used_at', 'is', null)
          .returning('id')
          .execute()
        const actor: Actor = { kind: 'system', id: null }
        for (const { id: target } of gone) {
          const change = { action: 'client.deleted', target, workspace: null, time: at, actor } as const
          await appendAudit(trx, random, change)
        }
        if (gone.length > 0) tokens.forgetAll()
        return gone.length
      })
    },

    async recordUse(uses) {
      await recordLaterTimes(database, { table: 'clients', key: 'id', column: 'last_used_at' }, uses)
    },
  }
}

function conditionsOf({ ownerId, origin }: ClientFilter): Partial<Pick<ClientRow, 'owner_id' | 'origin'>> {
  return {
    ...(ownerId === undefined ? {} : { owner_id: ownerId }),
    ...(origin === undefined ? {} : { origin }),
  }
}

function heldConsents(query: ExpressionBuilder<Schema, 'clients'>) {
  return query
    .selectFrom('consents')
    .select('consents.id')
    .whereRef('consents.client_id', '=', 'clients.id')
    .where('consents.revoked_at', 'is', null)
}

async function hasWorkspace(kysely: Kysely<Schema>, name: string): Promise<boolean> {
  const found = await kysely
    .selectFrom('workspaces')
    .select('name')
    .where('name', '=', name)
    .executeTakeFirst()
  return found !== undefined
}

function metadataOf(row: Pick<ClientRow, 'metadata'>): ClientMetadata {
  return JSON.parse(row.metadata) as ClientMetadata
}

function clientOf(row: ClientRow): StoredClient {
  return {
    id: row.id,
    origin: row.origin,
    status: row.status,
    name: row.name,
    metadata: metadataOf(row),
    secretHash: row.secret_hash,
    ownerId: row.owner_id,
    workspace: row.workspace,
    createdAt: row.created_at,
    freshUntil: row.fresh_until,
    lastUsedAt: row.last_used_at,
  }
}
