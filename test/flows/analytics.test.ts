import { afterEach, describe, expect, it } from 'vitest'
import { mcpPost, openAnalyticsScene, rpc, toolCall } from '../support/analytics-scene.ts'
import type { AnalyticsScene } from '../support/analytics-scene.ts'
import { modernCall } from '../support/edge.ts'
import type { ReceivedEvent } from '../support/event-receiver.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'

let scene: AnalyticsScene
afterEach(() => scene.close())

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
  const found = await scene.receiver.received(name)
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
    scene = await openAnalyticsScene()
    expect(await only('server_started')).toEqual({
      ...common,
      event: 'server_started',
      lifecycle_source: 'main',
      configured_auth: 'mixed',
      oauth_configured: true,
      resource_uri_scheme: 'http',
      host_guard: true,
      allowed_hosts_is_default: true,
      upstream_count: '1',
      store: 'sqlite',
      os: 'linux',
      node_major: '24',
    })
    await scene.gateway.serving.stop()
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
    scene = await openAnalyticsScene()
    await scene.exchange(mcpPost(scene.key, initialize), { result: { protocolVersion: '2025-11-25' } })
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
    await scene.gateway.serving.stop()
    const shutdown = await only('server_shutdown')
    expect(shutdown).toMatchObject({ first_request_seen: true, session_seen: true })
  })

  it('session_initialized of the newer protocol: with the first request of a caller and client only', async () => {
    scene = await openAnalyticsScene()
    const second = await scene.gateway.createKey(await scene.gateway.addUser('john@example.com'))
    const { body, fields } = modernCall(1, 'search')
    for (const who of [scene.key, scene.key, second.key, scene.key])
      await scene.exchange(mcpPost(who, body, fields), { result: { content: [] } })
    await scene.receiver.received('tool_called', 4)
    const found = await scene.receiver.received('session_initialized', 2)
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
    scene = await openAnalyticsScene()
    await scene.exchange(mcpPost(scene.key, toolCall('search')), { result: { content: [] } })
    await scene.exchange(mcpPost(scene.key, toolCall('delete jane.doe')), {
      result: { content: [], isError: true },
    })
    const [listed, other] = (await scene.receiver.received('tool_called', 2)).map(own)
    const shared = { ...common, ...known, event: 'tool_called', upstream: 'code', streamed: false }
    expect(listed).toEqual({ ...shared, tool: 'search', outcome: 'success', duration: listed?.['duration'] })
    expect(listed?.['duration']).toMatch(/^(?:<10ms|10-100ms|100ms-1s|1-10s)$/)
    const failed = { outcome: 'tool_error', error_kind: 'tool_error', duration: other?.['duration'] }
    expect(other).toEqual({ ...shared, tool: 'other', ...failed })
    expect(JSON.stringify(scene.receiver.posts)).not.toContain('jane')
  })

  it('tools_listed; T27: and only for a listing that the client asked for and got', async () => {
    scene = await openAnalyticsScene()
    await scene.exchange(mcpPost(scene.key, initialize), { result: { protocolVersion: '2025-11-25' } })
    await scene.exchange(mcpPost(scene.key, rpc('tools/list')), { error: { code: -32603, message: 'no' } })
    await scene.exchange(mcpPost(scene.key, rpc('tools/list')), {
      result: { tools: [{ name: 'search' }, { name: 'jane' }] },
    })
    await scene.exchange(mcpPost(scene.key, toolCall('search')), { result: { content: [] } })
    await scene.receiver.received('tool_called')
    expect(await only('tools_listed')).toEqual({
      ...common,
      ...known,
      event: 'tools_listed',
      upstream: 'code',
      count: '1-10',
    })
  })

  it('stream_completed', async () => {
    scene = await openAnalyticsScene()
    const sent = sendRaw(scene.gateway.port, mcpPost(scene.key, toolCall('search')))
    const taken = await scene.upstream.next()
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
    scene = await openAnalyticsScene()
    await sendRaw(scene.gateway.port, mcpPost(null, toolCall('search')))
    await sendRaw(
      scene.gateway.port,
      rawRequest('GET', '/healthz', [
        ['Host', 'evil.example'],
        ['Authorization', `Bearer ${scene.key}`],
      ]),
    )
    const found = (await scene.receiver.received('auth_rejected', 2)).map(own)
    const shared = {
      ...common,
      ...known,
      event: 'auth_rejected',
      oauth_configured: true,
      count: 1,
    }
    expect(found).toEqual([
      {
        ...shared,
        reason: 'missing_credential',
        surface: 'mcp',
        auth_mode: 'none',
        resource_metadata_url_present: true,
      },
      { ...shared, reason: 'host_rejected', surface: 'health', resource_metadata_url_present: false },
    ])
  })

  it('rate_limited', async () => {
    scene = await openAnalyticsScene({}, { requestsPerMinute: 1 })
    await scene.exchange(mcpPost(scene.key, toolCall('search')), { result: { content: [] } })
    await sendRaw(scene.gateway.port, mcpPost(scene.key, toolCall('search')))
    expect(await only('rate_limited')).toEqual({
      ...common,
      ...known,
      event: 'rate_limited',
      endpoint: 'mcp',
      count: 1,
    })
  })
})
