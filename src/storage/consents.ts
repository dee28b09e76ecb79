import type { Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import type { RandomSource } from '../lib/random.ts'
import type { ConsentStore, HeldConsent, RevokedConsent } from '../oauth/consent-store.ts'
import type { AccessTokenForCall } from '../tokens/access-token-store.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup } from './database.ts'
import type { Schema } from './schema.ts'

/** Consents in a database. `tokens` answers for access tokens and forgets what a change here makes stale. */
export function consentStore(
  { kysely, kind }: Database,
  tokens: HotLookup<AccessTokenForCall>,
  random: RandomSource,
): ConsentStore {
  const held = () =>
    kysely
      .selectFrom('consents')
      .leftJoin('users', 'users.id', 'consents.user_id')
      .leftJoin('memberships', (join) =>
        join
          .onRef('memberships.user_id', '=', 'consents.user_id')
          .onRef('memberships.workspace', '=', 'consents.workspace'),
      )
      .select(['consents.id', 'consents.user_id as userId', 'client_id as clientId', 'consents.workspace'])
      .select(['resource', 'scopes', 'users.disabled_at as disabledAt', 'memberships.user_id as memberId'])
      .where('revoked_at', 'is', null)

  const end = async (
    trx: Transaction<Schema>,
    ids: readonly string[],
    at: number,
    actor: Actor,
  ): Promise<RevokedConsent[]> => {
    const revoked: RevokedConsent[] = []
    for (const id of ids) {
      const row = await trx
        .updateTable('consents')
        .set({ revoked_at: at, revoked_by: actor.kind })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .returning('workspace')
        .executeTakeFirst()
      if (row === undefined) continue
      const { workspace } = row
      await appendAudit(trx, random, { action: 'consent.revoked', target: id, workspace, time: at, actor })
      revoked.push({ id, endedTokens: await hasTokens(trx, id, at) })
    }
    tokens.forgetAll()
    return revoked
  }

  return {
    grant({ id, userId, clientId, workspace, resource, scopes, flow, at }) {
      return kysely.transaction().execute(async (trx) => {
        // The lock makes two answers of one person take turns, so the second one finds the first one's row.
        const member = await trx
          .selectFrom('users')
          .innerJoin('memberships', 'memberships.user_id', 'users.id')
          .select('users.id')
          .where('users.id', '=', userId)
          .where('users.disabled_at', 'is', null)
          .where('memberships.workspace', '=', workspace)
          .$if(kind === 'postgres', (query) => query.forUpdate('users'))
          .executeTakeFirst()
        if (member === undefined) return null
        const known = await trx
          .selectFrom('consents')
          .select(['id', 'scopes'])
          .where((eb) => eb.and({ user_id: userId, client_id: clientId, workspace, resource }))
          .where('revoked_at', 'is', null)
          .executeTakeFirst()
        if (known === undefined) {
          const key = { id, user_id: userId, client_id: clientId, workspace, resource }
          const facts = { scopes: JSON.stringify(scopes), flow, granted_at: at }
          await trx
            .insertInto('consents')
            .values({ ...key, ...facts })
            .execute()
        } else {
          const grown = [...new Set([...listOf(known.scopes), ...scopes])]
          await trx
            .updateTable('consents')
            .set({ scopes: JSON.stringify(grown), granted_at: at })
            .where('id', '=', known.id)
            .execute()
        }
        const target = known?.id ?? id
        const actor = { kind: 'user', id: userId } as const
        await appendAudit(trx, random, { action: 'consent.granted', target, workspace, time: at, actor })
        return { id: target, isNew: known === undefined }
      })
    },

    async find(id) {
      const row = await held().where('consents.id', '=', id).executeTakeFirst()
      return row === undefined ? undefined : heldOf(row)
    },

    async findAlike(userId, clientId, resource) {
      const rows = await held()
        .where('consents.user_id', '=', userId)
        .where('client_id', '=', clientId)
        .where('resource', '=', resource)
        .execute()
      return rows.map(heldOf)
    },

    async list(userId) {
      const rows = await kysely
        .selectFrom('consents')
        .leftJoin('clients', 'clients.id', 'consents.client_id')
        .select(['consents.id', 'user_id as userId', 'client_id as clientId', 'clients.name as clientName'])
        .select(['consents.workspace', 'resource', 'scopes', 'flow', 'granted_at as grantedAt'])
        .select('consents.last_used_at as lastUsedAt')
        .where('user_id', '=', userId)
        .where('revoked_at', 'is', null)
        .orderBy('granted_at', 'desc')
        .orderBy('consents.id')
        .execute()
      return rows.map((row) => ({
        ...row,
        clientName: row.clientName ?? row.clientId,
        scopes: listOf(row.scopes),
      }))
    },

    revoke(id, at, actor, userId) {
      return kysely.transaction().execute(async (trx) => {
        const own = await trx
          .selectFrom('consents')
          .select('id')
          .where('id', '=', id)
          .$if(userId !== undefined, (query) => query.where('user_id', '=', userId ?? ''))
          .executeTakeFirst()
        return own === undefined ? undefined : (await end(trx, [own.id], at, actor))[0]
      })
    },

    revokeAll(userId, at, actor) {
      return kysely.transaction().execute(async (trx) => {
        const rows = await trx
          .selectFrom('consents')
          .select('id')
          .where('user_id', '=', userId)
          .where('revoked_at', 'is', null)
          .orderBy('id')
          .execute()
        const ids = rows.map(({ id }) => id)
        return end(trx, ids, at, actor)
      })
    },

    async countActive() {
      const { active } = await kysely
        .selectFrom('consents')
        .select(({ fn }) => fn.countAll<number>().as('active'))
        .where('revoked_at', 'is', null)
        .executeTakeFirstOrThrow()
      return active
    },

    async forgetBefore(time, most) {
      const old = kysely
        .selectFrom('consents')
        .select('id')
        .where('revoked_at', 'is not', null)
        .where('revoked_at', '<', time)
        .orderBy('revoked_at')
        .limit(most)
      const gone = await kysely.deleteFrom('consents').where('id', 'in', old).executeTakeFirst()
      return Number(gone.numDeletedRows)
    },
  }
}

/** Whether anything issued behind a consent could still be used. */
export async function hasTokens(trx: Transaction<Schema>, consentId: string, at: number): Promise<boolean> {
  const access = await trx
    .selectFrom('access_tokens')
    .leftJoin('token_families', 'token_families.id', 'access_tokens.family_id')
    .select('access_tokens.id')
    .where('access_tokens.consent_id', '=', consentId)
    .where('access_tokens.expires_at', '>', at)
    .where('access_tokens.revoked_at', 'is', null)
    .where('token_families.revoked_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  if (access !== undefined) return true
  const family = await trx
    .selectFrom('token_families')
    .select('id')
    .where('consent_id', '=', consentId)
    .where('expires_at', '>', at)
    .where('revoked_at', 'is', null)
    .limit(1)
    .executeTakeFirst()
  return family !== undefined
}

interface HeldRow extends Omit<HeldConsent, 'scopes' | 'userInactive'> {
  scopes: string
  disabledAt: number | null
  memberId: string | null
}

function heldOf({ scopes, disabledAt, memberId, ...row }: HeldRow): HeldConsent {
  return { ...row, scopes: listOf(scopes), userInactive: disabledAt !== null || memberId === null }
}

function listOf(json: string): string[] {
  return JSON.parse(json) as string[]
}
