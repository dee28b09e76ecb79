import type { PasswordStore } from '../identity/password-store.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import { closeSessions } from './close-login-sessions.ts'
import type { Database } from './database.ts'

/** Passwords in a database, as hashes. */
export function passwordStore({ kysely, kind }: Database, random: RandomSource): PasswordStore {
  return {
    async find(email) {
      const row = await kysely
        .selectFrom('users')
        .innerJoin('passwords', 'passwords.user_id', 'users.id')
        .select(['users.id as userId', 'users.email', 'users.disabled_at as disabledAt'])
        .select(['passwords.hash', 'passwords.set_at as setAt', 'passwords.one_time as oneTime'])
        .where('users.email', '=', email)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const { disabledAt, oneTime, ...password } = row
      return { ...password, oneTime: oneTime === 1, ownerInactive: disabledAt !== null }
    },

    set({ userId, hash, at, oneTime, keepSessionId: exceptId, over }, actor) {
      return kysely.transaction().execute(async (trx) => {
        // The lock makes a new password and a sign-in take turns: whichever is second sees the first.
        const user = await trx
          .selectFrom('users')
          .select('id')
          .where('id', '=', userId)
          .$if(kind === 'postgres', (query) => query.forUpdate())
          .executeTakeFirst()
        if (user === undefined) return false
        const before = await trx
          .selectFrom('passwords')
          .select('set_at')
          .where('user_id', '=', userId)
          .executeTakeFirst()
        if (over !== undefined && over !== (before?.set_at ?? null)) return false
        // Later than the last one even within a millisecond, for the time names the password.
        const set_at = before === undefined ? at : Math.max(at, before.set_at + 1)
        const password = { hash, set_at, one_time: oneTime ? (1 as const) : (0 as const) }
        await trx
          .insertInto('passwords')
          .values({ user_id: userId, ...password })
          .onConflict((conflict) => conflict.column('user_id').doUpdateSet(password))
          .execute()
        await closeSessions(trx, kind, { userId, exceptId, reason: 'password_changed', at })
        if (exceptId !== null)
          await trx
            .updateTable('login_sessions')
            .set({ password_due: 0 })
            .where('id', '=', exceptId)
            .execute()
        const change = { action: 'user.password_set', target: userId, workspace: null, time: at } as const
        await appendAudit(trx, random, { ...change, actor })
        return true
      })
    },

    async rehash(userId, from, to) {
      await kysely
        .transaction()
        .execute((trx) =>
          trx
            .updateTable('passwords')
            .set({ hash: to })
            .where('user_id', '=', userId)
            .where('hash', '=', from)
            .execute(),
        )
    },

    useUp(userId, hash) {
      return kysely.transaction().execute(async (trx) => {
        const used = await trx
          .deleteFrom('passwords')
          .where('user_id', '=', userId)
          .where('hash', '=', hash)
          .where('one_time', '=', 1)
          .executeTakeFirst()
        return used.numDeletedRows > 0n
      })
    },
  }
}
