import type { Kysely } from 'kysely'
import type { ApiKeyForCall } from '../identity/api-key.ts'
import type { Membership, User } from '../identity/user.ts'
import type { UserStore, UserWithMemberships } from '../identity/user-store.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import { closeSessions, unlinkSessions } from './close-login-sessions.ts'
import type { Database, HotLookup } from './database.ts'
import type { Schema } from './schema.ts'

/** Users and memberships in a database. `keys` answers for their keys and forgets what a change here makes stale. */
export function userStore(
  { kysely, kind }: Database,
  keys: HotLookup<ApiKeyForCall>,
  random: RandomSource,
): UserStore {
  return {
    add({ id, email, workspace, role, at, authSource }, actor) {
      return kysely.transaction().execute(async (trx) => {
        // `do nothing` waits for a rival insert to commit, so that whichever comes second finds the first one's row.
        const inserted = await trx
          .insertInto('users')
          .values({
            id,
            email,
            created_at: at,
            auth_source: authSource ?? 'local',
            attribution_salt: newSalt(random),
          })
          .onConflict((conflict) => conflict.column('email').doNothing())
          .executeTakeFirst()
        const { verified, ...user } = await trx
          .selectFrom('users')
          .select([...userColumns, 'email_verified as verified'])
          .where('email', '=', email)
          .executeTakeFirstOrThrow()
        if (verified === 0) return { outcome: 'address_unproven', user }
        await trx
          .insertInto('workspaces')
          .values({ name: workspace, created_at: at })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .execute()
        const joined = await trx
          .insertInto('memberships')
          .values({ user_id: user.id, workspace, role, created_at: at })
          .onConflict((conflict) => conflict.columns(['user_id', 'workspace']).doNothing())
          .executeTakeFirst()
        if (joined.numInsertedOrUpdatedRows === 0n) return { outcome: 'already_member', user }
        const isNew = inserted.numInsertedOrUpdatedRows !== 0n
        const action = isNew ? 'user.added' : 'user.joined_workspace'
        await appendAudit(trx, random, { action, target: user.id, workspace, time: at, actor })
        keys.forgetAll()
        return { outcome: isNew ? 'added' : 'joined', user }
      })
    },

    async findByEmail(email) {
      const rows = await selectUsers(kysely).where('users.email', '=', email).execute()
      return groupByUser(rows)[0]
    },

    async find(userId) {
      const rows = await selectUsers(kysely).where('users.id', '=', userId).execute()
      return groupByUser(rows)[0]
    },

    async list() {
      return groupByUser(await selectUsers(kysely).execute())
    },

    async count() {
      const { users } = await kysely
        .selectFrom('users')
        .select(({ fn }) => fn.countAll<number>().as('users'))
        .executeTakeFirstOrThrow()
      return users
    },

    async countActiveBySource() {
      const rows = await kysely
        .selectFrom('users')
        .select(['auth_source as source', ({ fn }) => fn.countAll<number>().as('active')])
        .where('disabled_at', 'is', null)
        .groupBy('auth_source')
        .execute()
      return new Map(rows.map(({ source, active }) => [source, active]))
    },

    async hasAdmin() {
      const admin = await kysely
        .selectFrom('memberships')
        .innerJoin('users', 'users.id', 'memberships.user_id')
        .select('users.id')
        .where('memberships.role', '=', 'admin')
        .where('users.disabled_at', 'is', null)
        .limit(1)
        .executeTakeFirst()
      return admin !== undefined
    },

    async listPseudonymous() {
      const rows = await kysely
        .selectFrom('users')
        .innerJoin('memberships', 'memberships.user_id', 'users.id')
        .select(['users.id as userId', 'users.email', 'memberships.workspace'])
        .select('users.attribution_salt as salt')
        .execute()
      const keys = await kysely
        .selectFrom('api_keys')
        .select(['id', 'user_id as userId', 'workspace'])
        .execute()
      return rows.map((row) => {
        const own = keys.filter(
          ({ userId, workspace }) => userId === row.userId && workspace === row.workspace,
        )
        return { ...row, keyIds: own.map(({ id }) => id) }
      })
    },

    erase(userId, at, actor) {
      return kysely.transaction().execute(async (trx) => {
        // The lock makes a sign-in, a consent or a new key take turns with this: none is left that refers to nobody.
        if (kind === 'postgres') {
          await trx.selectFrom('users').select('id').where('id', '=', userId).forUpdate().execute()
        }
        await closeSessions(trx, kind, { userId, reason: 'account_inactive', at })
        await unlinkSessions(trx, userId)
        await trx.deleteFrom('passwords').where('user_id', '=', userId).execute()
        // Tokens behind them stop working with the user, whatever is left of their rows.
        await trx.deleteFrom('consents').where('user_id', '=', userId).execute()
        await trx.deleteFrom('linked_accounts').where('user_id', '=', userId).execute()
        await trx.deleteFrom('api_keys').where('user_id', '=', userId).execute()
        await trx.deleteFrom('memberships').where('user_id', '=', userId).execute()
        const gone = await trx.deleteFrom('users').where('id', '=', userId).executeTakeFirst()
        if (gone.numDeletedRows === 0n) return false
        await appendAudit(trx, random, {
          action: 'user.erased',
          target: userId,
          workspace: null,
          time: at,
          actor,
        })
        keys.forgetAll()
        return true
      })
    },

    signOut(userId, at, actor) {
      return kysely.transaction().execute(async (trx) => {
        const known = await trx.selectFrom('users').select('id').where('id', '=', userId).executeTakeFirst()
        if (known === undefined) return false
        await closeSessions(trx, kind, { userId, reason: 'revoked_by_admin', at })
        const change = {
          action: 'user.signed_out',
          target: userId,
          workspace: null,
          time: at,
          actor,
        } as const
        await appendAudit(trx, random, change)
        return true
      })
    },

    setDisabled(userId, disabledAt, at, actor) {
      return kysely.transaction().execute(async (trx) => {
        const changed = await trx
          .updateTable('users')
          .set({ disabled_at: disabledAt })
          .where('id', '=', userId)
          .where('disabled_at', disabledAt === null ? 'is not' : 'is', null)
          .executeTakeFirst()
        if (changed.numUpdatedRows === 0n) {
          const known = await trx.selectFrom('users').select('id').where('id', '=', userId).executeTakeFirst()
          return known !== undefined
        }
        if (disabledAt !== null) await closeSessions(trx, kind, { userId, reason: 'account_inactive', at })
        const action = disabledAt === null ? 'user.enabled' : 'user.disabled'
        await appendAudit(trx, random, { action, target: userId, workspace: null, time: at, actor })
        keys.forgetAll()
        return true
      })
    },
  }
}

const userColumns = [
  'users.id',
  'users.email',
  'users.created_at as createdAt',
  'users.disabled_at as disabledAt',
  'users.auth_source as authSource',
] as const

/** A new person's share of their pseudonyms. */
export function newSalt(random: RandomSource): string {
  return Buffer.from(random.bytes(16)).toString('base64url')
}

type UserRow = Awaited<ReturnType<ReturnType<typeof selectUsers>['execute']>>[number]

function selectUsers(kysely: Kysely<Schema>) {
  return kysely
    .selectFrom('users')
    .leftJoin('memberships', 'memberships.user_id', 'users.id')
    .select([...userColumns, 'workspace', 'role'])
    .orderBy('email')
    .orderBy('workspace')
}

function groupByUser(rows: readonly UserRow[]): UserWithMemberships[] {
  const users = new Map<string, { user: User; memberships: Membership[] }>()
  for (const { workspace, role, ...user } of rows) {
    const known = users.get(user.id) ?? { user, memberships: [] }
    users.set(user.id, known)
    if (workspace !== null && role !== null) known.memberships.push({ userId: user.id, workspace, role })
  }
  return [...users.values()]
}
