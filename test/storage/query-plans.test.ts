import { sql } from 'kysely'
import type { Kysely, KyselyPlugin, RootOperationNode } from 'kysely'
import { expect, it } from 'vitest'
import { keyForCall } from '../../src/storage/api-keys.ts'
import { openDatabase } from '../../src/storage/database.ts'
import type { Database } from '../../src/storage/database.ts'
import { activeSession } from '../../src/storage/mcp-sessions.ts'
import { storeOver } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { dependencies, onEachDatabase } from './databases.ts'
import { admin, newKey, newSession } from './records.ts'

const rows = 4000

/** Each way in which rows are looked up, counted or listed, and the index that must serve it. */
const paths: readonly (readonly [string, (store: Store) => Promise<unknown>, RegExp])[] = [
  ['counting the active keys of an owner', createKey, /api_keys_active/],
  ['listing the keys of an owner', (store) => store.apiKeys.list({ userId: 'usr_7' }), /api_keys_by_user/],
  ['revoking a key', (store) => store.apiKeys.revoke('k8', 1, {}, admin), /api_keys_(?:pkey|1)/],
  ['rotating a key', rotateKey, /api_keys_(?:pkey|1)/],
  ['finding a user by address', (store) => store.users.findByEmail('7@x.org'), /users_(?:email_key|2)/],
  ['disabling a user', (store) => store.users.setDisabled('usr_3', 1, 1, admin), /users_(?:pkey|1)/],
  ['counting running sessions', (store) => store.mcpSessions.countActive(), /mcp_sessions_by_upstream/],
  ['ending a session', (store) => store.mcpSessions.end('s1'), /mcp_sessions_(?:pkey|1)/],
  ['ending idle sessions', (store) => store.mcpSessions.endIdle(0, 10), /mcp_sessions_by_last_seen/],
  ['reading the newest of the audit log', (store) => store.audit.list({ limit: 9 }), /audit_log_by_time/],
  [
    'reading the audit of a target',
    (store) => store.audit.list({ target: 'k9', limit: 9 }),
    /audit_log_by_target/,
  ],
]

/** Batches join a list of unknown length, for which Postgres may well choose to read a table of this size. */
const sqlitePaths: typeof paths = [
  ['recording use', (store) => store.apiKeys.recordUse(new Map([['k9', 1]])), /api_keys_(?:pkey|1)/],
  [
    'recording sight',
    (store) => store.mcpSessions.recordSeen(new Map([['s2', 1]])),
    /mcp_sessions_(?:pkey|1)/,
  ],
]

onEachDatabase((databases) => {
  it('answers every counted, listed or looked-up path from an index', async () => {
    const location = await databases.newLocation()
    await databases.open(location).migrate()
    const database = openDatabase(location)
    await fill(database)
    const seen: RootOperationNode[] = []
    const store = storeOver({ ...database, kysely: database.kysely.withPlugin(recorder(seen)) }, dependencies)
    for (const [what, use, index] of database.kind === 'sqlite' ? [...paths, ...sqlitePaths] : paths) {
      seen.length = 0
      await use(store)
      const plans = await Promise.all(seen.map((node) => planOf(database, node)))
      expect(plans.join('\n'), what).toMatch(index)
      expect(plans.join('\n'), what).not.toMatch(tableScan)
    }
    for (const statement of [keyForCall, activeSession]) {
      const text = statement.sql(database.kind === 'sqlite' ? '?' : '$1')
      const plan = await explain(database, text, ['k9'])
      expect(plan, statement.name).not.toMatch(tableScan)
      expect(plan, statement.name).toMatch(/(?:api_keys|mcp_sessions)_(?:pkey|1)/)
    }
    await database.close()
  })
})

/** A walk over a whole table, in the words of either database; `given` is the JSON parameter of a batch. */
const tableScan = /SCAN (?!given|json_each)(?!\w+ USING)|Seq Scan on (?!given|memberships)/

function createKey(store: Store): Promise<unknown> {
  return store.apiKeys.create(newKey('new', { userId: 'usr_7' }), { maxPerUser: 999 }, admin)
}

function rotateKey(store: Store): Promise<unknown> {
  const successor = { id: 'newer', secretHash: 'h', createdAt: 1, expiresAt: null }
  return store.apiKeys.rotate('new', successor, 2, {}, admin)
}

function recorder(seen: RootOperationNode[]): KyselyPlugin {
  return {
    transformQuery({ node }) {
      seen.push(node)
      return node
    },
    async transformResult({ result }) {
      return result
    },
  }
}

async function planOf(database: Database, node: RootOperationNode): Promise<string> {
  const query = database.kysely.getExecutor().compileQuery(node, { queryId: 'plan' })
  return /^\s*(?:select|update|delete)/.test(query.sql) ? explain(database, query.sql, query.parameters) : ''
}

async function explain(
  { kysely, kind }: Database,
  text: string,
  parameters: readonly unknown[],
): Promise<string> {
  const words = kind === 'sqlite' ? 'explain query plan' : 'explain'
  const query = { ...sql.raw(`${words} ${text}`).compile(kysely), parameters }
  const plan = await kysely.executeQuery<Record<string, unknown>>(query)
  return plan.rows.map((row) => String(row['detail'] ?? row['QUERY PLAN'])).join('\n')
}

/** Enough rows, as they come to be in use, that a planner prefers an index where there is one. */
async function fill({ kysely, kind }: Database): Promise<void> {
  const numbers = Array.from({ length: rows }, (_, index) => index)
  const { secretHash, createdAt } = newKey('')
  await kysely.insertInto('workspaces').values({ name: 'default', created_at: 1 }).execute()
  await inChunks(
    kysely,
    'users',
    numbers.map((n) => ({ id: `usr_${n}`, email: `${n}@x.org`, created_at: 1 })),
  )
  await inChunks(
    kysely,
    'memberships',
    numbers.map((n) => ({ user_id: `usr_${n}`, workspace: 'default', role: 'user' as const, created_at: 1 })),
  )
  await inChunks(
    kysely,
    'api_keys',
    numbers.map((n) => ({
      id: `k${n}`,
      secret_hash: secretHash,
      user_id: `usr_${n % 100}`,
      workspace: 'default',
      name: '',
      scopes: '[]',
      upstreams: '[]',
      created_at: createdAt,
      revoked_at: n % 10 === 0 ? null : 1,
    })),
  )
  const { issuer, subject, workspace, upstream } = newSession('')
  await inChunks(
    kysely,
    'mcp_sessions',
    numbers.map((n) => ({
      id_hash: `s${n}`,
      sealed_id: 'x',
      upstream,
      issuer,
      subject,
      client_id: '',
      workspace,
      started_at: 1,
      last_seen_at: 1,
    })),
  )
  await inChunks(
    kysely,
    'audit_log',
    numbers.map((n) => ({
      id: `aud_${n}`,
      time: n,
      actor_kind: 'system' as const,
      workspace: null,
      actor_id: null,
      action: 'key.created' as const,
      target: `k${n}`,
      outcome: 'success' as const,
    })),
  )
  await sql.raw(kind === 'sqlite' ? 'analyze' : 'vacuum analyze').execute(kysely)
}

async function inChunks<Table extends keyof Schema>(
  kysely: Kysely<Schema>,
  table: Table,
  all: readonly Parameters<ReturnType<typeof kysely.insertInto<Table>>['values']>[0][],
): Promise<void> {
  for (let from = 0; from < all.length; from += 1000) {
    await kysely
      .insertInto(table)
      .values(all.slice(from, from + 1000) as never)
      .execute()
  }
}
