import { sql } from 'kysely'
import type { RandomSource } from '../lib/random.ts'
import type { AccessTokenForCall, AccessTokenStore } from '../tokens/access-token-store.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup, HotStatement } from './database.ts'
import { recordLaterTimes } from './later-times.ts'

type Flag = 0 | 1
type TokenRow = Omit<AccessTokenForCall, 'consentRevoked' | 'userInactive'> & {
  consentRevoked: Flag
  userInactive: Flag
}

/** The token and all it stands on in one look-up, each time: a revocation of any of it shows with the next call. */
export const tokenForCall: HotStatement<TokenRow, AccessTokenForCall> = {
  name: 'find-access-token',
  sql: (parameter) => `
    select t.id, t.consent_id as "consentId", t.family_id as "familyId", t.user_id as "userId",
      t.client_id as "clientId", t.workspace, t.expires_at as "expiresAt",
      coalesce(t.revoked_at, f.revoked_at) as "revokedAt", t.used_at as "usedAt",
      case when t.consent_id is not null and (c.id is null or c.revoked_at is not null)
        then 1 else 0 end as "consentRevoked",
      case when t.user_id is not null and (u.id is null or u.disabled_at is not null or m.user_id is null)
        then 1 else 0 end as "userInactive",
      l.status as "clientStatus", u.attribution_salt as "attributionSalt"
    from access_tokens t
      left join token_families f on f.id = t.family_id
      left join consents c on c.id = t.consent_id
      left join users u on u.id = t.user_id
      left join memberships m on m.user_id = t.user_id and m.workspace = t.workspace
      left join clients l on l.id = t.client_id
    where t.id = ${parameter}`,
  toValue: (row) => ({
    ...row,
    consentRevoked: row.consentRevoked === 1,
    userInactive: row.userInactive === 1,
  }),
}

/** Access tokens in a database. `lookup` is shared with every store whose changes show in it. */
export function accessTokenStore(
  database: Database,
  lookup: HotLookup<AccessTokenForCall>,
  random: RandomSource,
): AccessTokenStore {
  const { kysely, kind } = database
  return {
    findForCall: (id) => lookup.find(id),

    async record(token) {
      await kysely
        .insertInto('access_tokens')
        .values({
          id: token.id,
          family_id: token.familyId,
          consent_id: token.consentId,
          user_id: token.userId,
          client_id: token.clientId,
          workspace: token.workspace,
          refresh_token_hash: token.refreshTokenHash,
          issued_at: token.issuedAt,
          expires_at: token.expiresAt,
        })
        .execute()
    },

    async pair(id, refreshTokenHash) {
      await kysely
        .updateTable('access_tokens')
        .set({ refresh_token_hash: refreshTokenHash })
        .where('id', '=', id)
        .execute()
    },

    async recordUse(uses) {
      if (uses.size === 0) return
      const column = { table: 'access_tokens', key: 'id', column: 'used_at' } as const
      const json = JSON.stringify([...uses.keys()])
      const used =
        kind === 'sqlite'
          ? sql<string>`select value from json_each(${json})`
          : sql<string>`select value from json_array_elements_text(${json}::json)`
      await recordLaterTimes(database, column, uses, async (trx) => {
        // What outlives the access token: the answer it came in arrived, so the token before it is not needed again.
        await trx
          .updateTable('oauth_artifacts')
          .set({ arrived_at: Math.max(...uses.values()) })
          .where('kind', '=', 'RefreshToken')
          .where('arrived_at', 'is', null)
          .where('id_hash', 'in', (query) =>
            query
              .selectFrom('access_tokens')
              .select(sql<string>`refresh_token_hash`.as('hash'))
              .where(sql<boolean>`id in (${used})`)
              .where('refresh_token_hash', 'is not', null),
          )
          .execute()
        await trx
          .updateTable('consents')
          .set({ last_used_at: Math.max(...uses.values()) })
          .where('id', 'in', (query) =>
            query
              .selectFrom('access_tokens')
              .select(sql<string>`consent_id`.as('id'))
              .where(sql<boolean>`id in (${used})`)
              .where('consent_id', 'is not', null),
          )
          .execute()
        for (const id of uses.keys()) lookup.forget(id)
      })
    },

    revoke(id, at) {
      return kysely.transaction().execute(async (trx) => {
        const revoked = await trx
          .updateTable('access_tokens')
          .set({ revoked_at: at })
          .where('id', '=', id)
          .where('revoked_at', 'is', null)
          .returning(['workspace', 'client_id', 'user_id'])
          .executeTakeFirst()
        if (revoked === undefined) return false
        const { workspace, client_id: clientId } = revoked
        const actor = { kind: 'system', id: null } as const
        await appendAudit(trx, random, {
          action: 'token.revoked',
          target: `${clientId} ${id}`,
          workspace,
          time: at,
          actor,
        })
        lookup.forget(id)
        return true
      })
    },

    forgetBefore(time, most) {
      return kysely.transaction().execute(async (trx) => {
        const old = trx
          .selectFrom('access_tokens')
          .select('id')
          .where('expires_at', '<', time)
          .orderBy('expires_at')
          .limit(most)
        const gone = await trx.deleteFrom('access_tokens').where('id', 'in', old).returning('id').execute()
        for (const { id } of gone) lookup.forget(id)
        return gone.length
      })
    },
  }
}
