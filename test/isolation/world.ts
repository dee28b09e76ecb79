import { randomUUID } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { User } from '../../src/identity/user.ts'
import type { RouteTable } from '../../src/server/route-table.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { operator, startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startJwksIssuer } from '../support/jwks-issuer.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordedCall, RecordingUpstream } from '../support/recording-upstream.ts'
import { routesOf } from './routes-of.ts'
import { makeTokens, signInAt } from './tokens.ts'

export const east = 'eastern-tenant'
export const west = 'western-tenant'
export const adminToken = 'admin-token-for-tests-0123456789abcdefghij'
const metricsToken = 'metrics-token-for-tests-0123456789abcdefgh'
export const externalKeys = ['ci_firstExternalKey0123', 'ci_secondExternalKey456'] as const
export const upstreamNames = ['code', 'wiki', 'vault', 'open', 'keys'] as const
export type UpstreamName = (typeof upstreamNames)[number]

/** Whose session id a request names, seen from Alice in the eastern workspace. */
export const sessionKinds = [
  'none',
  'mine',
  'other user',
  'other workspace',
  'ended',
  'never existed',
  'mine elsewhere',
  'mine by another client',
  'too long',
  'nobody',
] as const
export type SessionKind = (typeof sessionKinds)[number]

export type KeyName = keyof World['keys']

/** Two workspaces, five people, three upstreams, and one session for each way of naming a session. */
export interface World {
  readonly gateway: TestGateway
  readonly upstreams: ReadonlyMap<UpstreamName, RecordingUpstream>
  readonly routes: RouteTable
  readonly people: Awaited<ReturnType<typeof makeKeys>>['people']
  readonly keys: Awaited<ReturnType<typeof makeKeys>>['keys']
  /** Access tokens for the resource of `code`. */
  readonly tokens: Awaited<ReturnType<typeof makeTokens>>
  /** The one of others that is trusted. */
  readonly issuer: string
  /** `name=value` of Alice's login session. */
  readonly cookie: string
  readonly sessions: ReadonlyMap<UpstreamName, Partial<Record<SessionKind, string>>>
  /** Everything no answer may contain: ids, addresses, sessions, keys, workspaces, upstream URLs, secrets. */
  readonly private: readonly string[]
  /** The same without what is Alice's own. */
  readonly foreign: readonly string[]
  close(): Promise<void>
}

/** Boots it. `adminOnMcp` also leaves /metrics without a token, so that two worlds show both kinds of each. */
export async function createWorld(adminOnMcp: boolean): Promise<World> {
  let deletes = 200
  const respond = (call: RecordedCall, response: ServerResponse) => answer(call, response, deletes)
  const upstreams = new Map<UpstreamName, RecordingUpstream>()
  for (const name of upstreamNames) {
    const assertion = name !== 'open' && name !== 'keys'
    upstreams.set(name, await startRecordingUpstream({ respond, assertion }))
  }
  const url = (name: UpstreamName) => upstreams.get(name)?.url ?? ''
  const issuer = await startJwksIssuer()
  const options = {
    upstreams: [
      { name: 'code', url: url('code'), default: true, scopes: ['code:read'] },
      { name: 'wiki', url: url('wiki') },
      { name: 'vault', url: url('vault'), workspaces: [west] },
      { name: 'open', url: url('open'), auth: 'optional' },
      { name: 'keys', url: url('keys'), identity: 'forward-key', keyPrefix: 'ci_' },
    ],
    settings: {
      auth: {
        adminToken,
        adminOnMcp,
        issuers: [{ issuer: issuer.issuer, jwksUri: issuer.jwksUri, audience: 'mcp', workspace: east }],
      },
      // Every cell comes from one address, and most are refused.
      limits: { failuresPerMinute: 1_000_000, oauthPerMinute: 1_000_000, registrationsPerHour: 100_000 },
      telemetry: { metrics: adminOnMcp ? {} : { token: metricsToken } },
    },
  }
  const gateway = await startGateway(options)
  for (const upstream of upstreams.values()) upstream.trust(gateway.url)
  const { keys, people } = await makeKeys(gateway)
  const tokens = await makeTokens(gateway, people, issuer, [east, west])
  const cookie = await signInAt(gateway, people.alice)
  const sessions = await openSessions(gateway, keys, tokens)
  for (const upstream of upstreams.values()) upstream.calls.length = 0
  deletes = 405
  const users = await gateway.store.users.list()
  const secrets = [
    ...users.flatMap(({ user }) => [user.id, user.email]),
    ...Object.values(keys).flatMap(({ id, key }) => [id, key, key.slice(16)]),
    ...Object.values(tokens),
    cookie,
    ...[...sessions.values()].flatMap((some) => Object.values(some)),
    ...[...upstreams.values()].flatMap((upstream) => [upstream.url, new URL(upstream.url).host]),
    east,
    west,
    adminToken,
    metricsToken,
    'notes:read',
    ...externalKeys,
  ]
  const { alice, aliceInWest, limited, narrow, expired, revoked } = keys
  const ids = [alice, aliceInWest, limited, narrow, expired, revoked].map(({ id }) => id)
  const hers = new Set([people.alice.email, east, west, 'notes:read', ...ids])
  return {
    gateway,
    upstreams,
    routes: await routesOf(options, gateway),
    people,
    keys,
    tokens,
    issuer: issuer.issuer,
    cookie,
    sessions,
    private: secrets,
    foreign: secrets.filter((datum) => !hers.has(datum)),
    async close() {
      await gateway.close()
      await issuer.close()
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()))
    },
  }
}

async function makeKeys(gateway: TestGateway) {
  const alice = await gateway.addUser('alice@example.com', east)
  await gateway.addUser(alice.email, west)
  const bob = await gateway.addUser('bob@example.com', east)
  const dora = await gateway.addUser('dora@example.com', west)
  const eve = await gateway.addUser('eve@example.com', east)
  const mallory = await gateway.addUser('mallory@example.com', east)
  const make = (user: User, workspace = east, more = {}) =>
    gateway.createKey(user, { workspace, scopes: ['code:read'], ...more })
  const keys = {
    alice: await make(alice),
    aliceInWest: await make(alice, west),
    limited: await make(alice, east, { upstreams: ['wiki'] }),
    narrow: await make(alice, east, { scopes: ['notes:read'] }),
    expired: await make(alice, east, { expiresInDays: -1 }),
    revoked: await make(alice),
    bob: await make(bob),
    dora: await make(dora, west),
    disabled: await make(eve),
    removed: await make(mallory),
  }
  await gateway.store.apiKeys.revoke(keys.revoked.id, 1, {}, operator)
  await gateway.store.users.setDisabled(eve.id, 1, 1, operator)
  const database = openDatabase(gateway.location)
  await database.kysely.deleteFrom('memberships').where('user_id', '=', mallory.id).execute()
  await database.close()
  return { keys, people: { alice, bob, dora, eve, mallory } }
}

async function openSessions(
  gateway: TestGateway,
  keys: World['keys'],
  tokens: World['tokens'],
): Promise<World['sessions']> {
  const call = async (method: string, name: UpstreamName, key: string | null, session?: string) => {
    const fields: [string, string][] = [['Content-Type', 'application/json']]
    if (key !== null) fields.push(['Authorization', `Bearer ${key}`])
    if (session !== undefined) fields.push(['Mcp-Session-Id', session])
    const body = method === 'POST' ? '{"jsonrpc":"2.0","id":1,"method":"initialize"}' : ''
    const got = await sendRaw(gateway.port, rawRequest(method, `/mcp/${name}`, fields, body))
    if (got?.status !== 200) throw new Error(`${method} ${name}: ${got?.status} ${got?.body}`)
    return got.headers.get('mcp-session-id') ?? ''
  }
  const openAt = (name: UpstreamName, key: string | null) => call('POST', name, key)
  const openAndEnd = async (name: UpstreamName, key: string) => {
    const id = await openAt(name, key)
    await call('DELETE', name, key, id)
    return id
  }
  const [first] = externalKeys
  const alice = keys.alice.key
  const everywhere = async () => ({
    'never existed': randomUUID(),
    'too long': 's'.repeat(1025),
    'mine elsewhere': await openAt('wiki', alice),
  })
  const at = async (name: UpstreamName) => ({
    ...(await everywhere()),
    mine: await openAt(name, alice),
    'other user': await openAt(name, keys.bob.key),
    'other workspace': await openAt(name, keys.aliceInWest.key),
    ended: await openAndEnd(name, alice),
  })
  const vault = {
    'other user': await openAt('vault', keys.dora.key),
    'other workspace': await openAt('vault', keys.aliceInWest.key),
    ended: await openAndEnd('vault', keys.aliceInWest.key),
  }
  const external = { 'other user': await openAt('keys', first), ended: await openAndEnd('keys', first) }
  return new Map<UpstreamName, Partial<Record<SessionKind, string>>>([
    ['code', { ...(await at('code')), 'mine by another client': await openAt('code', tokens.alice) }],
    ['wiki', { ...(await at('wiki')), 'mine elsewhere': await openAt('code', alice) }],
    ['vault', { ...(await everywhere()), ...vault }],
    ['open', { ...(await at('open')), nobody: await openAt('open', null) }],
    ['keys', { ...(await everywhere()), ...external }],
  ])
}

/** Says nothing of the caller, so that whatever an answer contains of anybody came from the gateway. */
function answer({ method, body }: RecordedCall, response: ServerResponse, deletes: number): void {
  if (method === 'DELETE') return void response.writeHead(deletes).end()
  if (method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    return void response.end('data: {}\n\n')
  }
  const opens = body.includes('"initialize"') ? { 'Mcp-Session-Id': randomUUID() } : {}
  response.writeHead(200, { 'Content-Type': 'application/json', ...opens })
  response.end('{"jsonrpc":"2.0","id":1,"result":{}}')
}
