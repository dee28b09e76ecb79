import { sql } from 'kysely'
import type { Transaction } from 'kysely'
import type { LoginEndReason } from '../telemetry/vocabulary.ts'
import type { Database } from './database.ts'
import type { Schema } from './schema.ts'

type Trx = Transaction<Schema>

interface SessionsToClose {
  readonly userId: string
  readonly exceptId?: string | null
  readonly reason: LoginEndReason
  readonly at: number
}

/**
 * Closes a user's sessions inside the transaction of what closes them: their absolute end is now, and why is kept.
 * The change may be made by a process that has no metrics, so the end itself is left to a server, which says it; what
 * is over already ends for its own reason.
 */
export async function closeSessions(
  trx: Trx,
  kind: Database['kind'],
  { userId, exceptId = null, reason, at }: SessionsToClose,
): Promise<void> {
  // In the order in which ends lock them, or the two would wait for each other.
  if (kind === 'postgres') {
    await trx
      .selectFrom('login_sessions')
      .select('id')
      .where('user_id', '=', userId)
      .where('ended_at', 'is', null)
      .orderBy('id')
      .forUpdate()
      .execute()
  }
  await trx
    .updateTable('login_sessions')
    .set({ end_reason: reason, absolute_ends_at: at })
    .where('user_id', '=', userId)
    .$if(exceptId !== null, (query) => query.where('id', '!=', exceptId))
    .where('ended_at', 'is', null)
    .where('end_reason', 'is', null)
    .where('idle_ends_at', '>', at)
    .where('absolute_ends_at', '>', at)
    .execute()
}

/** Takes the person out of the rows of their sessions, ended ones too: what is left counts and names nobody. */
export async function unlinkSessions(trx: Trx, userId: string): Promise<void> {
  await trx
    .updateTable('login_sessions')
    .set({ user_id: null, device_name: '', address: '', fingerprint: '', cookie_hash: sql.ref('id') })
    .where('user_id', '=', userId)
    .execute()
}
