import type { McpSession, McpSessionStore } from '../gateway/mcp-session-store.ts'
import type { Database, HotStatement } from './database.ts'
import { recordLaterTimes } from './later-times.ts'
import { storeFailure } from './store-failure.ts'

export const activeSession: HotStatement<McpSession, McpSession> = {
  name: 'find-mcp-session',
  sql: (parameter) => `
    select id_hash as "idHash", upstream, issuer, subject, client_id as "clientId", workspace,
      started_at as "startedAt", last_seen_at as "lastSeenAt"
    from mcp_sessions
    where id_hash = ${parameter} and ended_at is null`,
  toValue: (row) => ({ ...row }),
}

/** MCP sessions in a database. */
export function mcpSessionStore(database: Database): McpSessionStore {
  const { kysely } = database
  const lookup = database.hotLookup(activeSession)
  return {
    find: (idHash) => lookup.find(idHash),

    start(session) {
      const { idHash, upstream, issuer, subject, clientId, workspace, startedAt, lastSeenAt } = session
      const owner = { issuer, subject, client_id: clientId, workspace }
      const times = { started_at: startedAt, last_seen_at: lastSeenAt, ended_at: null, end_reason: null }
      return kysely.transaction().execute(async (trx) => {
        // An upstream may hand out an id again, but never takes a running session from the one it belongs to (T2).
        const started = await trx
          .insertInto('mcp_sessions')
          .values({ id_hash: idHash, upstream, ...owner, ...times })
          .onConflict((conflict) =>
            conflict
              .column('id_hash')
              .doUpdateSet({ upstream, ...owner, ...times })
              .where(({ eb, or }) =>
                or([
                  eb('mcp_sessions.ended_at', 'is not', null),
                  eb.and([
                    eb('mcp_sessions.issuer', '=', issuer),
                    eb('mcp_sessions.subject', '=', subject),
                    eb('mcp_sessions.client_id', '=', clientId),
                    eb('mcp_sessions.workspace', '=', workspace),
                  ]),
                ]),
              ),
          )
          .executeTakeFirst()
        if (started.numInsertedOrUpdatedRows === 0n) {
          throw storeFailure(
            'session_taken',
            'The upstream has given the id of a running session to somebody else',
            'make the upstream choose unguessable, unique session ids',
          )
        }
        lookup.forget(idHash)
      })
    },

    end(idHash, at, reason) {
      return kysely.transaction().execute(async (trx) => {
        const { numUpdatedRows } = await trx
          .updateTable('mcp_sessions')
          .set({ ended_at: at, end_reason: reason })
          .where('id_hash', '=', idHash)
          .where('ended_at', 'is', null)
          .executeTakeFirst()
        lookup.forget(idHash)
        return numUpdatedRows > 0n
      })
    },

    async recordSeen(seen) {
      const column = { table: 'mcp_sessions', key: 'id_hash', column: 'last_seen_at' } as const
      await recordLaterTimes(database, column, seen, () => {
        for (const idHash of seen.keys()) lookup.forget(idHash)
      })
    },

    async countActive() {
      const rows = await kysely
        .selectFrom('mcp_sessions')
        .select(['upstream', ({ fn }) => fn.countAll<number>().as('active')])
        .where('ended_at', 'is', null)
        .groupBy('upstream')
        .execute()
      return new Map(rows.map(({ upstream, active }) => [upstream, active]))
    },
  }
}
