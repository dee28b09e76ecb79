import { sql } from 'kysely'
import type { ExpressionBuilder, Kysely } from 'kysely'
import type { ApiKeyStore, KeyFilter } from '../identity/api-key-store.ts'
import type { ApiKey, ApiKeyForCall } from '../identity/api-key.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup, HotStatement } from './database.ts'
import { recordLaterTimes } from './later-times.ts'
import type { Schema } from './schema.ts'

type Stored<Key> = Omit<Key, 'scopes' | 'upstreams' | 'ownerInactive'> & { scopes: string; upstreams: string }

/** The key and its owner's standing in one look-up, each time: a disabled owner's next call is refused. */
export const keyForCall: HotStatement<Stored<ApiKeyForCall> & { ownerInactive: 0 | 1 }, ApiKeyForCall> = {
  name: 'find-api-key',
  sql: (parameter) => `
    select k.id, k.secret_hash as "secretHash", k.user_id as "userId", k.workspace, k.scopes, k.upstreams,
      u.attribution_salt as "attributionSalt", k.expires_at as "expiresAt", k.revoked_at as "revokedAt",
      case when u.disabled_at is not null or m.user_id is null then 1 else 0 end as "ownerInactive"
    from api_keys k
      join users u on u.id = k.user_id
      left join memberships m on m.user_id = k.user_id and m.workspace = k.workspace
    where k.id = ${parameter}`,
  toValue: (row) => ({ ...withLists(row), ownerInactive: row.ownerInactive === 1 }),
}

const columns = [
  'id',
  'user_id as userId',
  'workspace',
  'name',
  'scopes',
  'upstreams',
  'created_at as createdAt',
  'expires_at as expiresAt',
  'last_used_at as lastUsedAt',
  'revoked_at as revokedAt',
  'replaced_by as replacedBy',
] as const

/** API keys in a database. `lookup` is shared with the user store, whose changes show in it. */
export function apiKeyStore(
  database: Database,
  lookup: HotLookup<ApiKeyForCall>,
  random: RandomSource,
): ApiKeyStore {
  const { kysely, kind } = database
  return {
    findForCall: (id) => lookup.find(id),

    create(key, { maxPerUser }, actor) {
      return kysely.transaction().execute(async (trx) => {
        // The lock makes creations for one owner take turns, so the count below stays true until the commit.
        const owner = await trx
          .selectFrom('users')
          .innerJoin('memberships', 'memberships.user_id', 'users.id')
          .select('users.id')
          .where('users.id', '=', key.userId)
          .where('users.disabled_at', 'is', null)
          .where('memberships.workspace', '=', key.workspace)
          .$if(kind === 'postgres', (query) => query.forUpdate('users'))
          .executeTakeFirst()
        if (owner === undefined) return { outcome: 'owner_inactive' }
        if ((await countActiveKeys(trx, key.userId, key.createdAt)) >= maxPerUser) {
          return { outcome: 'limit_reached', limit: maxPerUser }
        }
        await insertKey(trx, key)
        const { id: target, workspace, createdAt: time } = key
        await appendAudit(trx, random, { action: 'key.created', target, workspace, time, actor })
        return { outcome: 'created' }
      })
    },

    async list(filter) {
      const rows = await kysely
        .selectFrom('api_keys')
        .select(columns)
        .where((eb) => eb.and(ownedBy(filter)))
        .orderBy('created_at')
        .orderBy('id')
        .execute()
      return rows.map(withLists)
    },

    countActive: (at) => countActiveKeys(kysely, null, at),

    rotate(id, successor, graceEndsAt, filter, actor) {
      const { createdAt } = successor
      return kysely.transaction().execute(async (trx) => {
        const replaced = await trx
          .updateTable('api_keys')
          .set({
            replaced_by: successor.id,
            expires_at: sql<number>`case when expires_at is null or expires_at > ${graceEndsAt}
              then ${graceEndsAt} else expires_at end`,
          })
          .where((eb) => eb.and({ id, ...ownedBy(filter) }))
          .where(isActive(createdAt))
          .where('expiry_told_at', 'is', null)
          .returning(columns)
          .executeTakeFirst()
        if (replaced === undefined) {
          const known = await trx
            .selectFrom('api_keys')
            .select('id')
            .where((eb) => eb.and({ id, ...ownedBy(filter) }))
            .executeTakeFirst()
          return { outcome: known === undefined ? 'not_found' : 'not_active' }
        }
        const fresh = { lastUsedAt: null, revokedAt: null, replacedBy: null }
        const { secretHash, ...times } = successor
        const key: ApiKey = { ...withLists(replaced), ...fresh, ...times }
        await insertKey(trx, { ...key, secretHash })
        const { workspace } = key
        await appendAudit(trx, random, {
          action: 'key.rotated',
          target: id,
          workspace,
          time: createdAt,
          actor,
        })
        lookup.forget(id)
        return { outcome: 'rotated', successor: key }
      })
    },

    revoke(id, at, filter, actor) {
      return kysely.transaction().execute(async (trx) => {
        const revoked = await trx
          .updateTable('api_keys')
          .set({ revoked_at: at })
          .where((eb) => eb.and({ id, ...ownedBy(filter) }))
          .where('revoked_at', 'is', null)
          .returning(['workspace', 'replaced_by', 'expiry_told_at'])
          .executeTakeFirst()
        if (revoked === undefined) return undefined
        const { workspace, replaced_by, expiry_told_at } = revoked
        await appendAudit(trx, random, { action: 'key.revoked', target: id, workspace, time: at, actor })
        lookup.forget(id)
        return { endsNow: replaced_by === null && expiry_told_at === null }
      })
    },

    markExpired(at, most) {
      return kysely.transaction().execute(async (trx) => {
        const expired = await trx
          .selectFrom('api_keys')
          .select('id')
          .where('expires_at', 'is not', null)
          .where('expiry_told_at', 'is', null)
          .where('revoked_at', 'is', null)
          .where('replaced_by', 'is', null)
          .where('expires_at', '<=', at)
          .orderBy('expires_at')
          .limit(most)
          // Two replicas take different ones, and never wait for each other.
          .$if(kind === 'postgres', (query) => query.forUpdate().skipLocked())
          .execute()
        if (expired.length === 0) return 0
        const ids = expired.map(({ id }) => id)
        const marked = await trx
          .updateTable('api_keys')
          .set({ expiry_told_at: at })
          .where('id', 'in', ids)
          .where('expiry_told_at', 'is', null)
          .executeTakeFirst()
        return Number(marked.numUpdatedRows)
      })
    },

    async recordUse(uses) {
      await recordLaterTimes(database, { table: 'api_keys', key: 'id', column: 'last_used_at' }, uses)
    },
  }
}

function ownedBy({ userId }: KeyFilter): { user_id?: string } {
  return userId === undefined ? {} : { user_id: userId }
}

/** An active key is not revoked, not expired and not on its way out. */
function isActive(at: number) {
  return (eb: ExpressionBuilder<Schema, 'api_keys'>) =>
    eb.and([
      eb('revoked_at', 'is', null),
      eb('replaced_by', 'is', null),
      eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', at)]),
    ])
}

async function countActiveKeys(kysely: Kysely<Schema>, userId: string | null, at: number): Promise<number> {
  const { active } = await kysely
    .selectFrom('api_keys')
    .select(({ fn }) => fn.countAll<number>().as('active'))
    .$if(userId !== null, (query) => query.where('user_id', '=', userId))
    .where(isActive(at))
    .executeTakeFirstOrThrow()
  return active
}

type InsertableKey = Pick<
  ApiKey,
  'id' | 'userId' | 'workspace' | 'name' | 'scopes' | 'upstreams' | 'createdAt'
> &
  Pick<ApiKey, 'expiresAt'> & { readonly secretHash: string }

async function insertKey(trx: Kysely<Schema>, key: InsertableKey): Promise<void> {
  await trx
    .insertInto('api_keys')
    .values({
      id: key.id,
      secret_hash: key.secretHash,
      user_id: key.userId,
      workspace: key.workspace,
      name: key.name,
      scopes: JSON.stringify(key.scopes),
      upstreams: JSON.stringify(key.upstreams),
      created_at: key.createdAt,
      expires_at: key.expiresAt,
    })
    .execute()
}

function withLists<Row extends { scopes: string; upstreams: string }>(
  row: Row,
): Omit<Row, 'scopes' | 'upstreams'> & { scopes: readonly string[]; upstreams: readonly string[] } {
  const lists = {
    scopes: JSON.parse(row.scopes) as string[],
    upstreams: JSON.parse(row.upstreams) as string[],
  }
  return { ...row, ...lists }
}
