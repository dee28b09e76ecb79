import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { addKey, addUser, admin, newSession } from '../../test/storage/records.ts'
import { stoppedClock } from '../../test/support/stopped-clock.ts'
import type { StoppedClock } from '../../test/support/stopped-clock.ts'
import { systemRandom } from '../lib/random.ts'
import { openDatabase } from '../storage/database.ts'
import { openStore } from '../storage/open-store.ts'
import type { Store } from '../storage/open-store.ts'
import { createMetricSink } from '../telemetry/metric-sink.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { NameRegistry } from '../telemetry/name-registry.ts'
import { createEmit } from '../telemetry/telemetry.ts'
import { createGaugeRefresh } from './gauges.ts'

let folder: string
let location: string
let store: Store
let clock: StoppedClock
let metrics: Metrics
let refresh: () => Promise<void>

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-gauges-'))
  location = `sqlite:${join(folder, 'gauges.db')}`
  clock = stoppedClock()
  store = openStore(location, { clock, random: systemRandom })
  await store.migrate()
  const names = new NameRegistry()
  metrics = new Metrics(names)
  const emit = createEmit(names, createMetricSink(metrics), [])
  refresh = createGaugeRefresh({ store, metrics, names, emit, clock })
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const client = { name: 'c', metadata: metadata(), secretHash: null, ownerId: null, workspace: null } as const
const times = { createdAt: 1, freshUntil: null }

it('T31: counts every gauge of stored state in the store, and nothing else moves them', async () => {
  await addUser(store)
  await addUser(store, 'b')
  const gone = { id: 'usr_c', email: 'c@example.com', workspace: 'default', role: 'user', at: 1 } as const
  await store.users.add({ ...gone, authSource: 'github' }, admin)
  await store.users.setDisabled('usr_b', 1, 1, admin)
  await addKey(store, 'k1', { expiresAt: null })
  await addKey(store, 'k2', { expiresAt: clock.now() })
  await store.mcpSessions.start(newSession('s1'))
  await store.clients.add({ ...client, ...times, id: 'c1', origin: 'dynamic', status: 'pending' }, admin)
  await store.clients.add({ ...client, ...times, id: 'c2', origin: 'admin', status: 'active' }, admin)
  await store.clients.add({ ...client, ...times, id: 'c3', origin: 'admin', status: 'active' }, admin)
  const consent = { id: 'con_1', userId: 'usr_a', clientId: 'c2', workspace: 'default', resource: 'r' }
  await store.consents.grant({ ...consent, scopes: [], flow: 'device_code', at: 1 })
  const code = { kind: 'DeviceCode', payload: '' } as const
  await store.artifacts.save({ ...code, idHash: 'd1', expiresAt: clock.now() + 1 })
  await store.artifacts.save({ ...code, idHash: 'd2', expiresAt: clock.now() })
  await store.loginSessions.start(
    { session: loginSession('ses_1'), passwordSetAt: null, replacesHash: null },
    () => null,
    admin,
  )
  expect(stored()).not.toMatch(/ [1-9]/)
  await refresh()
  expect(stored()).toContain('sallyport_users_registered 3')
  expect(stored()).toContain('sallyport_users_active{auth_source="local"} 1')
  expect(stored()).toContain('sallyport_users_active{auth_source="github"} 1')
  expect(stored()).toContain('sallyport_users_active{auth_source="oidc"} 0')
  expect(stored()).toContain('sallyport_login_sessions_active 1')
  expect(stored()).toContain('sallyport_mcp_sessions_active{upstream="code"} 1')
  expect(stored()).toContain('sallyport_consents_active 1')
  expect(stored()).toContain('sallyport_api_keys_active 1')
  expect(stored()).toContain('sallyport_device_codes_pending 1')
  expect(stored()).toContain('sallyport_clients_registered{status="active",origin="admin"} 2')
  expect(stored()).toContain('sallyport_clients_registered{status="pending",origin="dynamic"} 1')

  // A label value whose last row is gone is 0 again, and not what it was.
  await store.users.setDisabled('usr_c', 1, 1, admin)
  await store.mcpSessions.end('s1')
  await store.clients.remove('c1', 1, {}, admin)
  await refresh()
  expect(stored()).toContain('sallyport_users_registered 3')
  expect(stored()).toContain('sallyport_users_active{auth_source="github"} 0')
  expect(stored()).toContain('sallyport_mcp_sessions_active{upstream="code"} 0')
  expect(stored()).toContain('sallyport_clients_registered{status="pending",origin="dynamic"} 0')
})

it('T31: a count that fails leaves its last value, holds up no other, and lets the age grow', async () => {
  await addUser(store)
  await addKey(store, 'k1', { expiresAt: null })
  await refresh()
  await rename('users', 'taken_away')
  await addKeyOfNobody('k2')
  clock.advance(45_000)
  await expect(refresh()).rejects.toThrow()
  expect(stored()).toContain('sallyport_users_registered 1')
  expect(stored()).toContain('sallyport_users_active{auth_source="local"} 1')
  expect(stored()).toContain('sallyport_api_keys_active 2')
  expect(age()).toBe(45)
  expect(metrics.render()).toContain('sallyport_store_query_errors_total{operation="count"} 2')
  await rename('taken_away', 'users')
  await refresh()
  expect(age()).toBe(0)
})

it('T32: asks the store anew each time', async () => {
  for (const letter of ['a', 'b', 'c']) {
    await addUser(store, letter)
    await refresh()
  }
  expect(stored()).toContain('sallyport_users_registered 3')
})

/** The lines of the gauges that are counted in the store. */
function stored(): string {
  const gauges =
    /^sallyport_(?:users|login_sessions_active|mcp_sessions|consents_active|api_keys_active|clients_registered|device_codes_pending)/
  return metrics
    .render()
    .split('\n')
    .filter((line) => gauges.test(line))
    .join('\n')
}

function age(): number {
  return Number(/^sallyport_gauge_refresh_age_seconds (.+)$/m.exec(metrics.render())?.[1])
}

async function rename(from: string, to: string): Promise<void> {
  const { kysely, close } = openDatabase(location)
  await kysely.schema.alterTable(from).renameTo(to).execute()
  await close()
}

async function addKeyOfNobody(id: string): Promise<void> {
  const { kysely, close } = openDatabase(location)
  const row = await kysely.selectFrom('api_keys').selectAll().executeTakeFirstOrThrow()
  await kysely
    .insertInto('api_keys')
    .values({ ...row, id })
    .execute()
  await close()
}

function loginSession(id: string) {
  const facts = {
    deviceName: '',
    address: '',
    fingerprint: '',
    remembered: false,
    provider: 'local',
  } as const
  const now = clock.now()
  const moments = { startedAt: now, lastSeenAt: now, idleEndsAt: now + 1, absoluteEndsAt: now + 1 }
  return { id, userId: 'usr_a', cookieHash: id, ...facts, ...moments }
}

function metadata() {
  return {
    redirect_uris: [],
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: 'none',
    application_type: 'web',
  } as const
}
