import { sql } from 'kysely'
import type { Kysely, KyselyPlugin, RootOperationNode } from 'kysely'
import { expect, it } from 'vitest'
import { tokenForCall } from '../../src/storage/access-tokens.ts'
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
  [
    'finding a login session',
    (store) => store.loginSessions.find('h8'),
    /login_sessions_(?:cookie_hash_key|2)/,
  ],
  [
    'listing login sessions',
    (store) => store.loginSessions.list('usr_7', 1),
    /login_sessions_active_by_user/,
  ],
  [
    'ending overdue login sessions',
    (store) => store.loginSessions.endOverdue(9, 10, () => null, admin),
    /login_sessions_active_by_idle_end[^]*login_sessions_active_by_absolute_end/,
  ],
  [
    'ending the login sessions of a user',
    (store) => store.loginSessions.end({ userId: 'usr_7', exceptId: null }, 1, () => null, admin),
    /login_sessions_active_by_user/,
  ],
  ['forgetting login sessions', (store) => store.loginSessions.forgetEnded(1, 9), /login_sessions_ended/],
  [
    'noting sight of a login session',
    (store) => store.loginSessions.recordSeen('ses_9', 2, 2),
    /login_sessions_(?:pkey|1)/,
  ],
  ['finding a password', (store) => store.passwords.find('7@x.org'), /users_(?:email_key|2)/],
  ['setting a password', setPassword, /login_sessions_active_by_user/],
  ['finding a user by address', (store) => store.users.findByEmail('7@x.org'), /users_(?:email_key|2)/],
  ['disabling a user', (store) => store.users.setDisabled('usr_3', 1, 1, admin), /users_(?:pkey|1)/],
  ['counting all active keys', (store) => store.apiKeys.countActive(1), /api_keys_active/],
  ['counting running sessions', (store) => store.mcpSessions.countActive(), /mcp_sessions_by_upstream/],
  ['ending a session', (store) => store.mcpSessions.end('s1'), /mcp_sessions_(?:pkey|1)/],
  ['ending idle sessions', (store) => store.mcpSessions.endIdle(0, 10), /mcp_sessions_by_last_seen/],
  ['reading the newest of the audit log', (store) => store.audit.list({ limit: 9 }), /audit_log_by_time/],
  [
    'reading the audit of an actor',
    (store) => store.audit.list({ actorId: 'usr_1', limit: 9 }),
    /audit_log_by_actor/,
  ],
  ['forgetting old audit rows', (store) => store.audit.forgetBefore(1, 9), /audit_log_by_time/],
  [
    'reading the audit of a target',
    (store) => store.audit.list({ target: 'k9', limit: 9 }),
    /audit_log_by_target/,
  ],
  ['finding a client', (store) => store.clients.find('c9'), /clients_(?:pkey|1)/],
  [
    'listing the clients of an owner',
    (store) => store.clients.list({ ownerId: 'usr_7' }),
    /clients_by_owner/,
  ],
  ['listing pending clients', (store) => store.clients.list({ status: 'pending' }), /clients_by_status/],
  ['counting clients', (store) => store.clients.count(), /clients_by_status/],
  ['ending a client', revokeClient, /consents_by_client/],
  ['marking expired keys', (store) => store.apiKeys.markExpired(9, 9), /api_keys_expiring/],
  ['forgetting consents', (store) => store.consents.forgetBefore(1, 9), /consents_by_revocation/],
  [
    'counting pending device codes',
    (store) => store.artifacts.countPendingDeviceCodes(1),
    /oauth_artifacts_undecided/,
  ],
  ['finding a consent', (store) => store.consents.find('con_8'), /consents_(?:pkey|1)/],
  [
    'finding the consents of a user for a client',
    (store) => store.consents.findAlike('usr_8', 'd8', 'r'),
    /consents_(?:active|by_client)/,
  ],
  ['listing the consents of a user', (store) => store.consents.list('usr_8'), /consents_active/],
  ['revoking a consent', (store) => store.consents.revoke('con_8', 1, admin), /consents_(?:pkey|1)/],
  [
    'looking for tokens behind a consent',
    (store) => store.consents.revoke('con_10', 100, admin),
    /access_tokens_by_consent[\s\S]*token_families_by_consent/,
  ],
  ['finding a device code', (store) => store.artifacts.findByUserCode('u10'), /oauth_artifacts_by_user_code/],
  ['redeeming a code', redeemCode, /oauth_artifacts_(?:pkey|1)[\s\S]*access_tokens_by_family/],
  [
    'looking for successors of a refresh token',
    (store) => store.artifacts.rotate('h11', 9e9, 1),
    /oauth_artifacts_by_predecessor/,
  ],
  ['revoking a family', (store) => store.artifacts.revokeFamily('f9', 1), /token_families_(?:pkey|1)/],
  [
    'sweeping what the library keeps',
    (store) => store.artifacts.sweep(1, 1, 9),
    /oauth_artifacts_by_expiry[\s\S]*token_families_by_expiry/,
  ],
  ['forgetting access tokens', (store) => store.accessTokens.forgetBefore(1, 9), /access_tokens_by_expiry/],
  ['revoking an access token', (store) => store.accessTokens.revoke('at9', 1), /access_tokens_(?:pkey|1)/],
  ['forgetting unused clients', (store) => store.clients.forgetUnused(1, 9, 1), /clients_by_status/],
]

/**
 * Batches join a list of unknown length, and a count of everybody is asked for all rows: for either Postgres may well
 * choose to read a table of this size.
 */
const sqlitePaths: typeof paths = [
  [
    'counting login sessions',
    (store) => store.loginSessions.countActive(),
    /COVERING INDEX login_sessions_active_by_idle_end/,
  ],
  [
    'counting users by source',
    (store) => store.users.countActiveBySource(),
    /COVERING INDEX users_active_by_source/,
  ],
  ['counting consents', (store) => store.consents.countActive(), /COVERING INDEX consents_by_revocation/],
  [
    'counting pending device codes without their rows',
    (store) => store.artifacts.countPendingDeviceCodes(1),
    /COVERING INDEX oauth_artifacts_undecided/,
  ],
  ['counting users', (store) => store.users.count(), /COVERING INDEX sqlite_autoindex_users_/],
  [
    'recording use of clients',
    (store) => store.clients.recordUse(new Map([['c9', 1]])),
    /clients_(?:pkey|1)/,
  ],
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
    for (const statement of [keyForCall, activeSession, tokenForCall]) {
      const text = statement.sql(database.kind === 'sqlite' ? '?' : '$1')
      const plan = await explain(database, text, ['k9'])
      expect(plan, statement.name).not.toMatch(tableScan)
      expect(plan, statement.name).toMatch(/(?:api_keys|mcp_sessions|access_tokens)_(?:pkey|1)/)
    }
    await database.close()
  })
})

/** A walk over a whole table, in the words of either database; `given` is the JSON parameter of a batch. */
const tableScan = /SCAN (?!given|json_each)(?!\w+ USING)|Seq Scan on (?!given|memberships)/

/** One that was used before: what came of it is looked for. */
function redeemCode(store: Store): Promise<unknown> {
  return store.artifacts.redeem('DeviceCode', 'h11', { consentId: 'con_1', clientId: 'c1' }, 1)
}

function createKey(store: Store): Promise<unknown> {
  return store.apiKeys.create(newKey('new', { userId: 'usr_7' }), { maxPerUser: 999 }, admin)
}

function setPassword(store: Store): Promise<unknown> {
  const password = { userId: 'usr_7', hash: 'h', at: 1, oneTime: false, keepSessionId: null }
  return store.passwords.set(password, admin)
}

function rotateKey(store: Store): Promise<unknown> {
  const successor = { id: 'newer', secretHash: 'h', createdAt: 1, expiresAt: null }
  return store.apiKeys.rotate('new', successor, 2, {}, admin)
}

function revokeClient(store: Store): Promise<unknown> {
  const change = { from: ['active'], to: 'inactive', action: 'client.revoked', at: 1 } as const
  return store.clients.setStatus('c8', change, {}, admin)
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
    numbers.map((n) => ({ id: `usr_${n}`, email: `${n}@x.org`, created_at: 1, attribution_salt: '' })),
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
      expires_at: n % 20 === 0 ? n : null,
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
      client: 'other' as const,
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
    'login_sessions',
    numbers.map((n) => ({
      id: `ses_${n}`,
      cookie_hash: `h${n}`,
      user_id: `usr_${n % 400}`,
      provider: 'local' as const,
      remembered: 0 as const,
      started_at: n,
      last_seen_at: n,
      idle_ends_at: n,
      absolute_ends_at: n,
      fingerprint: '',
      device_name: '',
      address: '',
      password_due: 0 as const,
      ended_at: n % 10 === 0 ? null : n,
      end_reason: n % 10 === 0 ? null : ('logout' as const),
    })),
  )
  await inChunks(
    kysely,
    'passwords',
    numbers.map((n) => ({ user_id: `usr_${n}`, hash: '', set_at: 1 })),
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
      client_id: null,
      credential_id: null,
      address: null,
      reason: null,
      request_id: null,
      trace_id: null,
      count: 1,
    })),
  )
  await inChunks(
    kysely,
    'clients',
    numbers.map((n) => ({
      id: `c${n}`,
      origin: 'dynamic' as const,
      status: n % 100 === 0 ? ('pending' as const) : ('active' as const),
      name: '',
      // About as long as what a client registers.
      metadata: '{}'.padEnd(600),
      owner_id: `usr_${n % 100}`,
      created_at: n,
      last_used_at: 1,
    })),
  )
  await inChunks(
    kysely,
    'consents',
    numbers.map((n) => ({
      id: `con_${n}`,
      user_id: `usr_${n}`,
      client_id: `d${n}`,
      workspace: 'default',
      resource: 'r',
      scopes: '[]',
      flow: 'authorization_code' as const,
      granted_at: 1,
      revoked_at: n % 2 === 0 ? null : n,
    })),
  )
  await inChunks(
    kysely,
    'oauth_artifacts',
    numbers.map((n) => ({
      kind: n % 10 === 0 ? ('DeviceCode' as const) : ('RefreshToken' as const),
      id_hash: `h${n}`,
      family_id: n % 10 === 0 ? null : `f${n}`,
      predecessor_hash: n % 10 === 0 ? null : `p${n}`,
      user_code_hash: n % 10 === 0 ? `u${n}` : null,
      payload: 'x'.padEnd(600),
      expires_at: n,
      decided_at: n % 40 === 0 ? null : 1,
      consumed_at: n % 10 === 0 ? null : 1,
    })),
  )
  await inChunks(
    kysely,
    'token_families',
    numbers.map((n) => ({
      id: `f${n}`,
      consent_id: `con_${n}`,
      client_id: `d${n}`,
      started_at: 1,
      expires_at: n,
    })),
  )
  await inChunks(
    kysely,
    'access_tokens',
    numbers.map((n) => ({
      id: `at${n}`,
      family_id: `f${n}`,
      consent_id: `con_${n}`,
      user_id: `usr_${n}`,
      client_id: `c${n}`,
      workspace: 'default',
      issued_at: 1,
      expires_at: n,
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
