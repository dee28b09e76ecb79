import type { McpSession, McpSessionStore } from '../gateway/mcp-session-store.ts'
import type { Database, HotStatement } from './database.ts'
import { recordLaterTimes } from './later-times.ts'
import type { McpSessionRow } from './schema.ts'
import { storeFailure } from './store-failure.ts'

export const activeSession: HotStatement<McpSession, McpSession> = {
  name: 'find-mcp-session',
  sql: (parameter) => `
    select id_hash as "idHash", upstream, issuer, subject, client_id as "clientId", workspace,
      sealed_id as "sealedId", client, started_at as "startedAt", last_seen_at as "lastSeenAt"
    from mcp_sessions
    where id_hash = ${parameter}`,
  toValue: (row) => ({ ...row }),
}

/** MCP sessions in a database. */
export function mcpSessionStore(database: Database): McpSessionStore {
  const { kysely } = database
  const lookup = database.hotLookup(activeSession)
  return {
    find: (idHash) => lookup.find(idHash),

    start(session) {
      const { idHash, upstream, issuer, subject, clientId, workspace } = session
      const owner = { issuer, subject, client_id: clientId, workspace }
      const times = { started_at: session.startedAt, last_seen_at: session.lastSeenAt }
      const facts = { sealed_id: session.sealedId, client: session.client, ...times }
      return kysely.transaction().execute(async (trx) => {
        // An upstream may hand out an id again, but never takes a running session from the one it belongs to (T2).
        const started = await trx
          .insertInto('mcp_sessions')
          .values({ id_hash: idHash, upstream, ...owner, ...facts })
          .onConflict((conflict) =>
            conflict
              .column('id_hash')
              .doUpdateSet({ upstream, ...owner, ...facts })
              .where('mcp_sessions.issuer', '=', issuer)
              .where('mcp_sessions.subject', '=', subject)
              .where('mcp_sessions.client_id', '=', clientId)
              .where('mcp_sessions.workspace', '=', workspace),
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

    end(idHash) {
      return kysely.transaction().execute(async (trx) => {
        const ended = await trx
          .deleteFrom('mcp_sessions')
          .where('id_hash', '=', idHash)
          .returningAll()
          .executeTakeFirst()
        lookup.forget(idHash)
        return ended === undefined ? undefined : sessionOf(ended)
      })
    },

    endIdle(notSeenSince, most) {
      return kysely.transaction().execute(async (trx) => {
        const idle = trx
          .selectFrom('mcp_sessions')
          .select('id_hash')
          .where('last_seen_at', '<', notSeenSince)
          .orderBy('last_seen_at')
          .limit(most)
        const ended = await trx
          .deleteFrom('mcp_sessions')
          .where('id_hash', 'in', idle)
          // Seen again since the list was made: it lives on.
          .where('last_seen_at', '<', notSeenSince)
          .returningAll()
          .execute()
        for (const { id_hash: idHash } of ended) lookup.forget(idHash)
        return ended.map(sessionOf)
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
        .groupBy('upstream')
        .execute()
      return new Map(rows.map(({ upstream, active }) => [upstream, active]))
    },
  }
}

function sessionOf(row: McpSessionRow): McpSession {
  const { id_hash: idHash, upstream, issuer, subject, client_id: clientId, workspace } = row
  const facts = { sealedId: row.sealed_id, client: row.client }
  const times = { startedAt: row.started_at, lastSeenAt: row.last_seen_at }
  return { idHash, upstream, issuer, subject, clientId, workspace, ...facts, ...times }
}
