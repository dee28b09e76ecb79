import type { ExpressionBuilder, Transaction } from 'kysely'
import type { Actor } from '../identity/api-key-store.ts'
import type {
  EndedLoginSession,
  Ending,
  EndingOf,
  LoginSessionFilter,
  LoginSessionStore,
  StoredLoginSession,
} from '../identity/login-session-store.ts'
import type { RandomSource } from '../lib/random.ts'
import { appendAudit } from './audit.ts'
import type { Database } from './database.ts'
import { factsOf, ruleColumns, sessionColumns, valuesOf } from './login-session-rows.ts'
import type { Schema } from './schema.ts'

type Trx = Transaction<Schema>

/** Login sessions in a database. */
export function loginSessionStore({ kysely, kind }: Database, random: RandomSource): LoginSessionStore {
  /** Ends those of the given sessions that still run and are still meant, each for its own reason. */
  async function endThose(
    trx: Trx,
    ids: readonly string[],
    now: number,
    endingOf: EndingOf,
    actor: Actor,
    filter: LoginSessionFilter | null = null,
  ) {
    if (ids.length === 0) return []
    const running = await trx
      .selectFrom('login_sessions')
      .leftJoin('users', 'users.id', 'login_sessions.user_id')
      .select([...sessionColumns, ...ruleColumns, 'user_id as userId', 'users.disabled_at as disabledAt'])
      .where('login_sessions.id', 'in', ids)
      .where('ended_at', 'is', null)
      // Judged once more on the row that is locked: its person may have been erased since it was looked up.
      .where((eb) => (filter === null ? eb.lit(true) : matches(eb, filter)))
      // In one order everywhere: two replicas that end the same sessions would else wait for each other.
      .orderBy('login_sessions.id')
      .$if(kind === 'postgres', (query) => query.forUpdate('login_sessions'))
      .execute()
    const ended: EndedLoginSession[] = []
    for (const { disabledAt, ...row } of running) {
      const ownerInactive = row.userId === null || disabledAt !== null
      const ending = endingOf({ ...factsOf(row), ownerInactive })
      if (ending !== null) ended.push(await endOne(trx, row, ending, { now, actor }))
    }
    return ended
  }

  async function endOne(
    trx: Trx,
    { id, startedAt }: Pick<StoredLoginSession, 'id' | 'startedAt'>,
    { reason, at: wanted }: Ending,
    { now, actor }: { now: number; actor: Actor },
  ): Promise<EndedLoginSession> {
    // A clock that was set back makes no session end before it began.
    const at = Math.max(startedAt, wanted)
    await trx
      .updateTable('login_sessions')
      .set({ ended_at: at, end_reason: reason })
      .where('id', '=', id)
      .where('ended_at', 'is', null)
      .execute()
    const change = { action: 'login_session.ended', target: id, workspace: null, time: now } as const
    await appendAudit(trx, random, { ...change, reason, actor })
    return { id, reason, at, startedAt }
  }

  async function mayStart(trx: Trx, userId: string, passwordSetAt: number | null): Promise<boolean> {
    // The lock makes a start and a disabling of one user take turns: whichever is second sees the first.
    const user = await trx
      .selectFrom('users')
      .select('id')
      .where('id', '=', userId)
      .where('disabled_at', 'is', null)
      .$if(kind === 'postgres', (query) => query.forUpdate())
      .executeTakeFirst()
    if (user === undefined || passwordSetAt === null) return user !== undefined
    const password = await trx
      .selectFrom('passwords')
      .select('set_at')
      .where('user_id', '=', userId)
      .executeTakeFirst()
    return password?.set_at === passwordSetAt
  }

  return {
    start({ session, passwordSetAt, replacesHash }, endingOf, actor) {
      return kysely.transaction().execute(async (trx) => {
        if (!(await mayStart(trx, session.userId, passwordSetAt))) return 'account_inactive'
        const old = replacesHash === null ? [] : await matching(trx, { cookieHash: replacesHash })
        const replaced = await endThose(trx, old, session.startedAt, endingOf, actor)
        await trx.insertInto('login_sessions').values(valuesOf(session)).execute()
        const { id: target, startedAt: time, address, provider: reason } = session
        const change = { action: 'login.succeeded', target, workspace: null, time, address, reason } as const
        await appendAudit(trx, random, { ...change, actor })
        return replaced
      })
    },

    async find(cookieHash) {
      const row = await kysely
        .selectFrom('login_sessions')
        .innerJoin('users', 'users.id', 'login_sessions.user_id')
        .select([...sessionColumns, ...ruleColumns])
        .select(['users.id as userId', 'users.email', 'users.disabled_at as disabledAt'])
        .where('cookie_hash', '=', cookieHash)
        .where('ended_at', 'is', null)
        .executeTakeFirst()
      if (row === undefined) return undefined
      const { email, disabledAt, userId, ...facts } = row
      const memberships = await kysely
        .selectFrom('memberships')
        .select(['user_id as userId', 'workspace', 'role'])
        .where('user_id', '=', userId)
        .orderBy('workspace')
        .execute()
      return {
        session: { ...factsOf(facts), userId, ownerInactive: disabledAt !== null },
        email,
        memberships,
      }
    },

    end(filter, at, endingOf, actor) {
      return kysely
        .transaction()
        .execute(async (trx) => endThose(trx, await matching(trx, filter), at, endingOf, actor, filter))
    },

    endOverdue(at, most, endingOf, actor) {
      return kysely.transaction().execute(async (trx) => {
        const ids = new Set<string>()
        for (const end of ['idle_ends_at', 'absolute_ends_at'] as const) {
          const rows = await trx
            .selectFrom('login_sessions')
            .select('id')
            .where('ended_at', 'is', null)
            .where(end, '<=', at)
            .orderBy(end)
            .limit(most)
            .execute()
          for (const { id } of rows) ids.add(id)
        }
        return endThose(trx, [...ids].slice(0, most), at, endingOf, actor)
      })
    },

    async recordSeen(id, at, idleEndsAt) {
      await kysely
        .transaction()
        .execute((trx) =>
          trx
            .updateTable('login_sessions')
            .set({ last_seen_at: at, idle_ends_at: idleEndsAt })
            .where('id', '=', id)
            .where('ended_at', 'is', null)
            .where('last_seen_at', '<', at)
            .execute(),
        )
    },

    async list(userId, at) {
      const rows = await kysely
        .selectFrom('login_sessions')
        .select(sessionColumns)
        .where('user_id', '=', userId)
        .where('ended_at', 'is', null)
        .where('end_reason', 'is', null)
        .where('idle_ends_at', '>', at)
        .where('absolute_ends_at', '>', at)
        .orderBy('started_at', 'desc')
        .orderBy('id')
        .execute()
      return rows.map((row) => ({ ...factsOf(row), userId }))
    },

    async countActive() {
      const { active } = await kysely
        .selectFrom('login_sessions')
        .select(({ fn }) => fn.countAll<number>().as('active'))
        .where('ended_at', 'is', null)
        .executeTakeFirstOrThrow()
      return active
    },

    forgetEnded(before, most) {
      return kysely.transaction().execute(async (trx) => {
        const old = trx
          .selectFrom('login_sessions')
          .select('id')
          .where('ended_at', 'is not', null)
          .where('ended_at', '<', before)
          .orderBy('ended_at')
          .limit(most)
        const gone = await trx.deleteFrom('login_sessions').where('id', 'in', old).executeTakeFirst()
        return Number(gone.numDeletedRows)
      })
    },
  }
}

async function matching(trx: Trx, filter: LoginSessionFilter): Promise<string[]> {
  const rows = await trx
    .selectFrom('login_sessions')
    .select('id')
    .where((eb) => matches(eb, filter))
    .where('ended_at', 'is', null)
    .execute()
  return rows.map(({ id }) => id)
}

function matches(eb: ExpressionBuilder<Schema, 'login_sessions'>, filter: LoginSessionFilter) {
  if ('cookieHash' in filter) return eb('login_sessions.cookie_hash', '=', filter.cookieHash)
  if ('exceptId' in filter) {
    const own = eb('login_sessions.user_id', '=', filter.userId)
    return filter.exceptId === null ? own : eb.and([own, eb('login_sessions.id', '!=', filter.exceptId)])
  }
  const one = eb('login_sessions.id', '=', filter.id)
  return filter.userId === undefined ? one : eb.and([one, eb('login_sessions.user_id', '=', filter.userId)])
}
