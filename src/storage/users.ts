import type { Kysely } from 'kysely'
import type { ApiKeyForCall } from '../identity/api-key.ts'
import type { Membership, User } from '../identity/user.ts'
import type { UserStore, UserWithMemberships } from '../identity/user-store.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import type { Database, HotLookup } from './database.ts'
import type { Schema } from './schema.ts'

/** Users and memberships in a database. `keys` answers for their keys and forgets what a change here makes stale. */
export function userStore(
  { kysely }: Database,
  keys: HotLookup<ApiKeyForCall>,
  random: RandomSource,
): UserStore {
  return {
    add({ id, email, workspace, role, at }, actor) {
      return kysely.transaction().execute(async (trx) => {
        // `do nothing` waits for a rival insert to commit, so that whichever comes second finds the first one's row.
        const inserted = await trx
          .insertInto('users')
          .values({ id, email, created_at: at, attribution_salt: newSalt(random) })
          .onConflict((conflict) => conflict.column('email').doNothing())
          .executeTakeFirst()
        const user = await trx
          .selectFrom('users')
          .select(['id', 'email', 'created_at as createdAt', 'disabled_at as disabledAt'])
          .where('email', '=', email)
          .executeTakeFirstOrThrow()
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
        const action = disabledAt === null ? 'user.enabled' : 'user.disabled'
        await appendAudit(trx, random, { action, target: userId, workspace: null, time: at, actor })
        keys.forgetAll()
        return true
      })
    },
  }
}

function newSalt(random: RandomSource): string {
  return Buffer.from(random.bytes(16)).toString('base64url')
}

type UserRow = Awaited<ReturnType<ReturnType<typeof selectUsers>['execute']>>[number]

function selectUsers(kysely: Kysely<Schema>) {
  return kysely
    .selectFrom('users')
    .leftJoin('memberships', 'memberships.user_id', 'users.id')
    .select([
      'id',
      'email',
      'users.created_at as createdAt',
      'disabled_at as disabledAt',
      'workspace',
      'role',
    ])
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
