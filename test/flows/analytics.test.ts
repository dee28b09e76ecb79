import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { modernCall } from '../support/edge.ts'
import { startEventReceiver } from '../support/event-receiver.ts'
import type { EventReceiver, ReceivedEvent } from '../support/event-receiver.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'
import { startScriptedUpstream } from '../support/scripted-upstream.ts'
import type { ScriptedUpstream } from '../support/scripted-upstream.ts'

let receiver: EventReceiver
let upstream: ScriptedUpstream
let gateway: TestGateway
let ends: AsyncDisposableStack
beforeEach(async () => {
  ends = new AsyncDisposableStack()
  receiver = await startEventReceiver()
  ends.defer(() => receiver.close())
  upstream = await startScriptedUpstream()
  ends.defer(() => upstream.close())
})
afterEach(() => ends.disposeAsync())

const host: ProcessFacts = {
  environment: {},
  pid: 1,
  platform: 'linux',
  nodeVersion: '24.9.1',
  inCheckout: true,
  inContainer: false,
}

type Settings = Readonly<Record<string, unknown>>

/** The gateway, and the key of somebody who may call it. Stopped by the test's end at the latest. */
async function start(more: Settings = {}, { limits = { enabled: false } as Settings } = {}): Promise<string> {
  const telemetry = { analytics: { endpoint: receiver.url }, ...more }
  const upstreams = [{ name: 'code', url: upstream.url, identity: 'none', tools: ['search'] }]
  gateway = await startGateway({ upstreams, settings: { limits, telemetry }, host })
  ends.defer(() => gateway.close())
  const { key } = await gateway.createKey(await gateway.addUser('jane.doe@example.com'))
  return key
}

type Fields = readonly (readonly [string, string])[]

function post(key: string | null, body: string, fields: Fields = []): string {
  const credential = key === null ? [] : [['Authorization', `Bearer ${key}`] as const]
  return rawRequest('POST', '/mcp', [...credential, ['Content-Type', 'application/json'], ...fields], body)
}

const rpc = (method: string, params: object = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
const callOf = (name: string) => rpc('tools/call', { name, arguments: { secret: 'jane.doe' } })

/** Sends it and answers for the upstream. */
async function exchange(request: string, answer: object) {
  const sent = sendRaw(gateway.port, request)
  const taken = await upstream.next()
  taken.json({ jsonrpc: '2.0', id: 1, ...answer })
  return sent
}

const common = {
  schema: 1,
  version: 'dev',
  transport: 'http',
  installation_type: 'local',
  is_ci: false,
  is_container: false,
  launch_method: 'other',
}

/** What the event says besides what marks it as one of its kind, which is checked here. */
function own({ event_id, time, install_id, ...event }: ReceivedEvent): ReceivedEvent {
  expect(event_id).toMatch(/^[0-9A-Za-z]{22}$/)
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(install_id).toMatch(/^[0-9a-f]{32}$/)
  return event
}

async function only(name: string): Promise<ReceivedEvent> {
  const found = await receiver.received(name)
  expect(found).toHaveLength(1)
  return own(found[0] ?? {})
}

const initialize = rpc('initialize', {
  protocolVersion: '2025-11-25',
  clientInfo: { name: 'Visual Studio Code', version: '1.0.0-jane.doe' },
  capabilities: { sampling: {}, roots: {}, experimental: { jane: {} } },
})
const known = { auth_mode: 'api_key', client: 'absent', llm_family: 'unknown' }

describe('T28: every event fires over real HTTP, with exactly these fields', () => {
  it('server_started and server_shutdown', async () => {
    await start()
    expect(await only('server_started')).toEqual({
      ...common,
      event: 'server_started',
      lifecycle_source: 'main',
      configured_auth: 'api_key',
      oauth_configured: false,
      resource_uri_scheme: 'http',
      host_guard: true,
      allowed_hosts_is_default: true,
      upstream_count: '1',
      store: 'sqlite',
      os: 'linux',
      node_major: '24',
    })
    await gateway.serving.stop()
    expect(await only('server_shutdown')).toEqual({
      ...common,
      event: 'server_shutdown',
      lifecycle_source: 'main',
      reason: 'clean_exit',
      lifetime: '<5s',
      first_request_seen: false,
      session_seen: false,
    })
  })

  it('session_initialized of the older protocol, of the client that introduces itself', async () => {
    const key = await start()
    await exchange(post(key, initialize), { result: { protocolVersion: '2025-11-25' } })
    expect(await only('session_initialized')).toEqual({
      ...common,
      event: 'session_initialized',
      protocol_version: '2025-11-25',
      caps_sampling: true,
      caps_elicitation: false,
      caps_roots: true,
      caps_tasks: false,
      auth_mode: 'api_key',
      client: 'vscode',
      llm_family: 'mixed',
    })
    await gateway.serving.stop()
    const shutdown = await only('server_shutdown')
    expect(shutdown).toMatchObject({ first_request_seen: true, session_seen: true })
  })

  it('session_initialized of the newer protocol: with the first request of a caller and client only', async () => {
    const key = await start()
    const second = await gateway.createKey(await gateway.addUser('john@example.com'))
    const { body, fields } = modernCall(1, 'search')
    for (const who of [key, key, second.key, key])
      await exchange(post(who, body, fields), { result: { content: [] } })
    await receiver.received('tool_called', 4)
    const found = await receiver.received('session_initialized', 2)
    expect(found.map(own)).toEqual(
      [0, 1].map(() =>
        expect.objectContaining({
          protocol_version: '2026-07-28',
          caps_sampling: false,
          auth_mode: 'api_key',
          client: 'absent',
        }),
      ),
    )
  })

  it('tool_called, by name only for tools that the operator has listed', async () => {
    const key = await start()
    await exchange(post(key, callOf('search')), { result: { content: [] } })
    await exchange(post(key, callOf('delete jane.doe')), { result: { content: [], isError: true } })
    const [listed, other] = (await receiver.received('tool_called', 2)).map(own)
    const shared = { ...common, ...known, event: 'tool_called', upstream: 'code', streamed: false }
    expect(listed).toEqual({ ...shared, tool: 'search', outcome: 'success', duration: listed?.['duration'] })
    expect(listed?.['duration']).toMatch(/^(?:<10ms|10-100ms|100ms-1s|1-10s)$/)
    const failed = { outcome: 'tool_error', error_kind: 'tool_error', duration: other?.['duration'] }
    expect(other).toEqual({ ...shared, tool: 'other', ...failed })
    expect(JSON.stringify(receiver.posts)).not.toContain('jane')
  })

  it('tools_listed; T27: and only for a listing that the client asked for and got', async () => {
    const key = await start()
    await exchange(post(key, initialize), { result: { protocolVersion: '2025-11-25' } })
    await exchange(post(key, rpc('tools/list')), { error: { code: -32603, message: 'no' } })
    await exchange(post(key, rpc('tools/list')), {
      result: { tools: [{ name: 'search' }, { name: 'jane' }] },
    })
    await exchange(post(key, callOf('search')), { result: { content: [] } })
    await receiver.received('tool_called')
    expect(await only('tools_listed')).toEqual({
      ...common,
      ...known,
      event: 'tools_listed',
      upstream: 'code',
      count: '1-10',
    })
  })

  it('stream_completed', async () => {
    const key = await start()
    const sent = sendRaw(gateway.port, post(key, callOf('search')))
    const taken = await upstream.next()
    taken.beginEvents()
    taken.chunk('data: {"jsonrpc":"2.0","method":"notifications/progress","params":{}}\n\n')
    taken.chunk('data: {"jsonrpc":"2.0","id":1,"result":{"content":[]}}\n\n')
    taken.say('0\r\n\r\n')
    await sent
    const event = await only('stream_completed')
    expect(event).toEqual({
      ...common,
      ...known,
      event: 'stream_completed',
      upstream: 'code',
      completion: 'result',
      duration: event['duration'],
      first_event_after: event['first_event_after'],
      event_count: '1-10',
    })
    for (const field of ['duration', 'first_event_after']) expect(event[field]).toMatch(/m?s$/)
  })

  it('auth_rejected, of those who send nothing too, and the host guard knows what was presented', async () => {
    const key = await start()
    await sendRaw(gateway.port, post(null, callOf('search')))
    await sendRaw(
      gateway.port,
      rawRequest('GET', '/healthz', [
        ['Host', 'evil.example'],
        ['Authorization', `Bearer ${key}`],
      ]),
    )
    const found = (await receiver.received('auth_rejected', 2)).map(own)
    const shared = {
      ...common,
      ...known,
      event: 'auth_rejected',
      oauth_configured: false,
      resource_metadata_url_present: false,
      count: 1,
    }
    expect(found).toEqual([
      { ...shared, reason: 'missing_credential', surface: 'mcp', auth_mode: 'none' },
      { ...shared, reason: 'host_rejected', surface: 'health' },
    ])
  })

  it('rate_limited', async () => {
    const key = await start({}, { limits: { requestsPerMinute: 1 } })
    await exchange(post(key, callOf('search')), { result: { content: [] } })
    await sendRaw(gateway.port, post(key, callOf('search')))
    expect(await only('rate_limited')).toEqual({
      ...common,
      ...known,
      event: 'rate_limited',
      endpoint: 'mcp',
      count: 1,
    })
  })
})

it('T26: ten thousand rejections make a handful of events, which count them all, and push out nothing', async () => {
  const key = await start()
  const refused = rawRequest('GET', '/mcp')
  const connection = await openRawConnection(gateway.port)
  for (let round = 0; round < 20; round += 1) {
    connection.send(refused.repeat(500))
    for (let place = 0; place < 500; place += 1) expect((await connection.next())?.status).toBe(401)
    if (round === 10) await exchange(post(key, callOf('search')), { result: { content: [] } })
  }
  connection.destroy()
  await gateway.serving.stop()
  const found = await receiver.received('auth_rejected')
  expect(found.length).toBeLessThan(15)
  expect(found.reduce((sum, { count }) => sum + Number(count), 0)).toBe(10_000)
  expect(receiver.events.map(({ event }) => event)).toEqual(
    expect.arrayContaining(['server_started', 'tool_called', 'server_shutdown']),
  )
})

describe('who called', () => {
  const secret = 'pseudonym-key-0123456789abcdef-0123456789'
  const hashed = { attribution: { mode: 'hash', key: secret, keyId: 'k7' } }
  const hashes = ['principal_hash', 'workspace_hash', 'credential_hash']

  it('leaves as hashes under the key of the epoch, and never otherwise', async () => {
    const key = await start(hashed)
    for (const name of ['search', 'other'])
      await exchange(post(key, callOf(name)), { result: { content: [] } })
    await sendRaw(gateway.port, post(null, callOf('search')))
    const [first, second] = await receiver.received('tool_called', 2)
    for (const hash of hashes) {
      expect(first?.[hash]).toMatch(/^[0-9a-f]{32}$/)
      expect(second?.[hash]).toBe(first?.[hash])
    }
    expect(first?.['attribution_key_id']).toBe('k7')
    const [rejected] = await receiver.received('auth_rejected')
    expect(Object.keys(rejected ?? {}).filter((name) => /hash|attribution/.test(name))).toEqual([])
    const said = JSON.stringify(receiver.posts)
    for (const text of ['jane', 'usr_', key, key.slice(3, 15), secret]) expect(said).not.toContain(text)
  })

  it.each([
    ['off, with a key', { mode: 'off', key: secret }],
    ['id, without a key', { mode: 'id' }],
  ])('leaves not at all when attribution is %s', async (_, attribution) => {
    const key = await start({ attribution })
    await exchange(post(key, callOf('search')), { result: { content: [] } })
    const [event] = await receiver.received('tool_called')
    expect(Object.keys(event ?? {}).filter((name) => /hash|attribution|user/.test(name))).toEqual([])
    expect(JSON.stringify(receiver.posts)).not.toContain('usr_')
  })
})
