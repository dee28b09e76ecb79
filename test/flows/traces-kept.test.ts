import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { answering, startTraced, toolCall } from '../support/traced.ts'
import type { Traced, TracedOptions } from '../support/traced.ts'

let traced: Traced | null = null
afterEach(async () => {
  await traced?.close()
  traced = null
})
const start = async (options?: TracedOptions) => (traced = await startTraced(options))
const never = { sampleRatio: 0 }
const sampledParent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

describe('sampling', () => {
  it('is our own draw: a caller who says that it is sampled gets no export, and the upstream is told so', async () => {
    const { post, spans, upstream, collector } = await start({ traces: never })
    await post(toolCall('x'), { traceparent: sampledParent })
    await post(toolCall('x', { traceparent: sampledParent }))
    await post(toolCall('x'))
    expect(await spans()).toEqual([])
    expect(collector.connections).toBe(0)
    const sent = upstream.calls.map(({ headers }) => headers['traceparent'])
    for (const traceparent of sent) expect(traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
    const traces = sent.map((traceparent) => String(traceparent).slice(3, 35))
    expect(traces.slice(0, 2)).toEqual(Array(2).fill('4bf92f3577b34da6a3ce929d0e0e4736'))
    expect(new Set(sent).size).toBe(3)
  })

  it('takes the share that is asked for', async () => {
    const { post, spans, upstream } = await start({ traces: { sampleRatio: 0.25 } })
    for (let call = 0; call < 400; call += 1) await post(toolCall('x'))
    const servers = (await spans()).filter(({ kind }) => kind === 2)
    expect(servers.length).toBeGreaterThan(50)
    expect(servers.length).toBeLessThan(160)
    const told = upstream.calls.filter(({ headers }) => String(headers['traceparent']).endsWith('-01'))
    expect(told.length).toBe(servers.length)
  })
})

describe('what went wrong is kept, whatever the share', () => {
  const failing = (result: object) =>
    answering(({ body }) => ({ jsonrpc: '2.0', id: (JSON.parse(body) as { id: unknown }).id, ...result }))

  it.each([
    ['a tool error', { result: { isError: true, content: [] } }, 'tool_error'],
    ['a protocol error', { error: { code: -32601, message: 'x' } }, '-32601'],
    ['an error of an unknown code', { error: { code: 'jane', message: 'x' } }, 'other'],
  ])('%s', async (_, answer, type) => {
    const { post, spans, upstream } = await start({ traces: never, respond: failing(answer) })
    await post(toolCall('x'), { traceparent: sampledParent })
    const [server, client, ...more] = await spans()
    expect(more).toEqual([])
    expect(server).toMatchObject({ status: 2, parentSpanId: '00f067aa0ba902b7' })
    for (const span of [server, client]) expect(span?.attributes).toMatchObject({ 'error.type': type })
    expect(client?.parentSpanId).toBe(server?.spanId)
    // The upstream heard of the very span that was kept afterwards.
    expect(upstream.calls[0]?.headers['traceparent']).toBe(`00-${client?.traceId}-${client?.spanId}-00`)
  })

  it('an upstream that cannot be reached', async () => {
    const { post, spans, upstream } = await start({ traces: never })
    await upstream.close()
    expect((await post(toolCall('x'))).status).toBe(502)
    const [server, client] = await spans()
    const attributes = { 'error.type': 'upstream_unreachable' }
    expect(server).toMatchObject({
      status: 2,
      attributes: { ...attributes, 'http.response.status_code': 502 },
    })
    expect(client).toMatchObject({ status: 2, attributes, name: 'tools/call other' })
  })

  it('a call slower than slowSeconds, and no faster one', async () => {
    let skipped = 0
    const clock = {
      now: () => systemClock.now() + skipped,
      monotonic: () => systemClock.monotonic() + skipped,
    }
    const { post, spans } = await start({
      traces: { ...never, slowSeconds: 3 },
      clock,
      respond(call, response) {
        skipped += call.body.includes('"slow"') ? 3001 : 500
        answering(() => ({ jsonrpc: '2.0', id: 7, result: {} }))(call, response)
      },
    })
    await post(toolCall('fast'))
    await post({ ...toolCall('slow'), method: 'ping' })
    const [server, ...more] = await spans()
    expect(server).toMatchObject({ name: 'ping', status: 0 })
    expect(more.map(({ kind }) => kind)).toEqual([3])
    expect(Number((server?.endedAt ?? 0n) - (server?.startedAt ?? 0n)) / 1e9).toBeGreaterThan(3)
  })
})

describe('T24: whoever was turned away has a span', () => {
  it('401, 403, 421 and 429, at the door as well as after it, on every route; probes and other answers have none', async () => {
    const { post, spans, gateway, key } = await start({
      traces: never,
      settings: { limits: { requestsPerMinute: 1 }, allowedOrigins: ['https://app.example'] },
    })
    const send = (target: string, fields: readonly (readonly [string, string])[] = [], method = 'POST') =>
      sendRaw(gateway.port, rawRequest(method, target, fields))
    const host = new URL(gateway.url).host
    const statuses = [
      await send('/mcp?token_of=jane'),
      await send('/mcp', [
        ['traceparent', sampledParent],
        ['Authorization', 'Bearer sp_unknown'],
      ]),
      await send('/mcp', [['Authorization', 'Basic amFuZQ==']]),
      await send('/mcp', [['Origin', 'https://jane.example']]),
      await send('/mcp', [['Host', 'jane.example']]),
      await send('/healthz', [['Host', 'jane.example']], 'GET'),
      await send('/jane', [['Host', 'jane.example']], 'GET'),
      await send('/healthz', [['Host', host]], 'GET'),
      await send('/metrics', [['Host', host]], 'GET'),
      await send('/jane', [['Host', host]], 'GET'),
      await send(
        '/mcp',
        [
          ['Host', host],
          ['Authorization', `Bearer ${key}`],
        ],
        'PUT',
      ),
    ].map((answer) => answer?.status)
    expect(statuses).toEqual([401, 401, 401, 403, 421, 421, 421, 200, 200, 404, 405])
    expect((await post(toolCall('x'))).status).toBe(200)
    expect((await post(toolCall('x'))).status).toBe(429)
    const all = await spans()
    expect(all.map(({ name, attributes: { 'error.type': type } }) => [name, type])).toEqual([
      ['POST /mcp', 'missing_credential'],
      ['POST /mcp', 'unknown_key'],
      ['POST /mcp', 'not_bearer'],
      ['POST /mcp', 'origin_rejected'],
      ['POST /mcp', 'host_rejected'],
      ['GET /healthz', 'host_rejected'],
      ['GET', 'host_rejected'],
      ['tools/call other', 'rate_limited'],
    ])
    // A refusal is the caller's failure: the span is kept, and is no error of this server.
    for (const span of all) expect(span).toMatchObject({ kind: 2, status: 0 })
    expect(all[1]).toMatchObject({
      traceId: sampledParent.slice(3, 35),
      parentSpanId: sampledParent.slice(36, 52),
    })
    expect(JSON.stringify(all.map(({ attributes }) => attributes))).not.toMatch(/jane|token_of|\?/)
  })

  it('a caller who may not use this server', async () => {
    const { spans, gateway } = await start({ traces: never, entry: { scopes: ['mcp:admin'] } })
    const { key } = await gateway.createKey(await gateway.addUser('b@example.com'))
    const headers = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
    const body = JSON.stringify(toolCall('x'))
    expect((await fetch(`${gateway.url}/mcp`, { method: 'POST', headers, body })).status).toBe(403)
    const [span] = await spans()
    expect(span?.attributes).toMatchObject({
      'http.response.status_code': 403,
      'error.type': 'insufficient_scope',
    })
  })
})
