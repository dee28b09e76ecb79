import { afterEach, describe, expect, it } from 'vitest'
import { event } from '../support/recording-upstream.ts'
import { answering, startTraced, toolCall } from '../support/traced.ts'
import type { Traced, TracedOptions } from '../support/traced.ts'

let traced: Traced | null = null
afterEach(async () => {
  await traced?.close()
  traced = null
})
const start = async (options?: TracedOptions) => (traced = await startTraced(options))

const theirs = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' }
const web = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }
const parentOf = ({ traceId, spanId }: typeof theirs) => `00-${traceId}-${spanId}-01`

const tools = answering(({ body }) => {
  const { id, method } = JSON.parse(body) as { id: number; method: string }
  const result = method === 'tools/list' ? { tools: [{ name: 'search' }] } : { content: [] }
  return { jsonrpc: '2.0', id, result: method === 'prompts/list' ? { prompts: [{ name: 'greet' }] } : result }
})

describe.each(['http/protobuf', 'http/json', 'grpc'] as const)('over %s', (protocol) => {
  it('a call is a server span, and below it the client span of the call to the upstream', async () => {
    const grpc = protocol === 'grpc'
    const headers = 'x-collector-key=k-123,x-more=a b'
    const { post, spans, upstream, collector } = await start({
      traces: { protocol, headers },
      collector: { grpc },
      respond: tools,
    })
    const before = BigInt(Date.now()) * 1_000_000n
    await post({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
    await post(toolCall('search'), { 'MCP-Protocol-Version': '2025-11-25' })
    const all = await spans()
    expect(all.map(({ name, kind }) => [name, kind])).toEqual([
      ['tools/list', 2],
      ['tools/list', 3],
      ['tools/call search', 2],
      ['tools/call search', 3],
    ])
    const [, , server, client] = all
    const about = {
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'search',
      'http.request.method': 'POST',
      'network.protocol.name': 'http',
      'network.transport': 'tcp',
      'sallyport.upstream': 'code',
    }
    expect(server?.attributes).toEqual({
      ...about,
      'http.route': '/mcp',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'mcp.protocol.version': '2025-11-25',
      'jsonrpc.request.id': '7',
    })
    const { hostname, port } = new URL(upstream.url)
    expect(client?.attributes).toEqual({ ...about, 'server.address': hostname, 'server.port': Number(port) })
    expect(server).toMatchObject({ parentSpanId: '', links: [], status: 0, flags: 0x101 })
    expect(client).toMatchObject({ traceId: server?.traceId, parentSpanId: server?.spanId, status: 0 })
    expect(upstream.calls[1]?.headers['traceparent']).toBe(`00-${server?.traceId}-${client?.spanId}-01`)
    const times = [before, server?.startedAt, client?.startedAt, client?.endedAt, server?.endedAt]
    expect(times).toEqual(times.toSorted((a, b) => Number((a ?? 0n) - (b ?? 0n))))
    expect(server?.resource).toMatchObject({ 'service.name': 'sallyport', 'service.version': '0.0.0-test' })
    expect(collector.batches[0]).toMatchObject({
      'x-collector-key': 'k-123',
      'x-more': 'a b',
      ':path': grpc ? '/opentelemetry.proto.collector.trace.v1.TraceService/Export' : '/v1/traces',
    })
  })
})

describe('the place in a trace', () => {
  const meta = { tracestate: 'm=1', traceparent: parentOf(theirs), note: parentOf(theirs) }

  it('_meta names the parent, the header a link, and the upstream is below us in both', async () => {
    const { post, spans, upstream } = await start()
    const body = `{"jsonrpc":"2.0", "id":7,\n "method":"tools/call","params":${JSON.stringify({
      arguments: { _meta: { traceparent: parentOf(theirs) }, é: '😀' },
      _meta: meta,
      name: 'x',
    })}}`
    await post(body, { traceparent: parentOf(web), tracestate: 'h=1', baggage: 'who=jane' })
    const [server, client] = await spans()
    expect(server).toMatchObject({
      traceId: theirs.traceId,
      parentSpanId: theirs.spanId,
      flags: 0x301,
      links: [{ ...web, flags: 0x301 }],
    })
    const ours = `00-${theirs.traceId}-${client?.spanId}-01`
    const [call] = upstream.calls
    expect(call?.headers).toMatchObject({ traceparent: ours })
    // Of the header's state only its own trace may hear; of the baggage nobody.
    expect(call?.headers).not.toHaveProperty('tracestate')
    expect(call?.headers).not.toHaveProperty('baggage')
    const at = body.indexOf(parentOf(theirs), body.indexOf('"tracestate"'))
    expect(call?.body).toBe(body.slice(0, at) + ours + body.slice(at + 55))
  })

  it('the header names the parent where _meta does not, and its state passes', async () => {
    const { post, spans, upstream } = await start()
    const call = toolCall('x', { traceparent: 'not valid' })
    await post(call, { traceparent: parentOf(web), tracestate: 'h=1' })
    const [server, client] = await spans()
    expect(server).toMatchObject({ traceId: web.traceId, parentSpanId: web.spanId, links: [] })
    const traceparent = `00-${web.traceId}-${client?.spanId}-01`
    expect(upstream.calls[0]?.headers).toMatchObject({ traceparent, tracestate: 'h=1' })
    expect(upstream.calls[0]?.body).toBe(JSON.stringify(call))
  })

  it('a trace begins here where nobody names one, and state without a trace goes nowhere', async () => {
    const { post, spans, upstream } = await start()
    await post(toolCall('x'), { tracestate: 'h=1' })
    await post(toolCall('x'), { traceparent: `00-${'0'.repeat(32)}-${web.spanId}-01`, tracestate: 'h=1' })
    const [first, , second] = await spans()
    expect(first?.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(second?.traceId).not.toBe(first?.traceId)
    for (const { headers } of upstream.calls) expect(headers).not.toHaveProperty('tracestate')
    expect(upstream.calls.map(({ body }) => body)).toEqual(Array(2).fill(JSON.stringify(toolCall('x'))))
  })

  it('every message of a batch is below us; the further parents are links', async () => {
    const { post, spans, upstream } = await start({ respond: answering(() => [{}]) })
    const batch = [
      toolCall('x', { traceparent: parentOf(theirs) }),
      toolCall('y', { traceparent: parentOf(web) }),
    ]
    await post(batch)
    const [server, client] = await spans()
    expect(server).toMatchObject({ traceId: theirs.traceId, links: [{ ...web, flags: 0x301 }] })
    const ours = `00-${theirs.traceId}-${client?.spanId}-01`
    const expected = batch.map(({ params }) => ({ ...params, _meta: { traceparent: ours } }))
    expect(JSON.parse(upstream.calls[0]?.body ?? '')).toMatchObject(expected.map((params) => ({ params })))
  })
})

describe('with traces off', () => {
  it('everything passes as it came', async () => {
    const { post, upstream } = await start({ traces: { endpoint: undefined } })
    const call = toolCall('x', { traceparent: parentOf(theirs) })
    const headers = { traceparent: parentOf(web), tracestate: 'h=1' }
    await post(call, headers)
    expect(upstream.calls[0]?.headers).toMatchObject(headers)
    expect(upstream.calls[0]?.body).toBe(JSON.stringify(call))
  })
})

describe('names', () => {
  it('are registered ones, else other: no word of a client becomes one', async () => {
    const { post, spans } = await start({ respond: tools })
    const prompt = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'prompts/get', params: { name } })
    await post({ jsonrpc: '2.0', id: 'jane', method: 'prompts/list' })
    await post(prompt('greet'))
    await post(prompt('jane doe'))
    await post(toolCall('jane doe'))
    await post({ jsonrpc: '2.0', id: 1, method: 'jane/doe' })
    await post({ jsonrpc: '2.0', id: 1, result: {} })
    const servers = (await spans()).filter(({ kind }) => kind === 2)
    expect(servers.map(({ name }) => name)).toEqual([
      'prompts/list',
      'prompts/get greet',
      'prompts/get other',
      'tools/call other',
      'other',
      'POST /mcp',
    ])
    expect(servers[1]?.attributes).toMatchObject({ 'gen_ai.prompt.name': 'greet' })
    // A JSON-RPC id goes on a span only when it is a number.
    expect(servers[0]?.attributes).not.toHaveProperty('jsonrpc.request.id')
    const said = servers.map(({ name, attributes, resource }) => [name, attributes, resource])
    expect(JSON.stringify(said)).not.toContain('jane')
  })

  it('an event stream is one span until its end', async () => {
    const { post, spans } = await start({
      respond(_, response) {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.write(event({ jsonrpc: '2.0', method: 'notifications/progress' }))
        response.end(event({ jsonrpc: '2.0', id: 7, error: { code: -32602, message: 'jane' } }))
      },
    })
    await post(toolCall('x'))
    const [server, client] = await spans()
    const failed = { 'error.type': '-32602', 'rpc.response.status_code': '-32602' }
    expect(server).toMatchObject({ status: 2, attributes: { ...failed, 'http.response.status_code': 200 } })
    expect(client).toMatchObject({ status: 2, attributes: failed })
  })
})
