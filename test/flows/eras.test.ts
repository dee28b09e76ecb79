import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordedCall, RecordingUpstream } from '../support/recording-upstream.ts'

interface Sent {
  readonly id?: unknown
  readonly method?: string
}

let upstream: RecordingUpstream
let gateway: TestGateway
let key: string

beforeAll(async () => {
  upstream = await startRecordingUpstream({
    assertion: false,
    respond: ({ body }: RecordedCall, response) => {
      const parsed = JSON.parse(body) as Sent[] | Sent
      const messages = Array.isArray(parsed) ? parsed : [parsed]
      const answers = messages
        .filter(({ id, method }) => id !== undefined && method !== undefined)
        .map(({ id }) => ({ jsonrpc: '2.0', id, result: {} }))
      if (answers.length === 0) return void response.writeHead(202).end()
      return void response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(JSON.stringify(Array.isArray(parsed) ? answers : answers[0]))
    },
  })
  gateway = await startGateway({ upstreams: [{ name: 'code', url: upstream.url, identity: 'none' }] })
  key = (await gateway.createKey(await gateway.addUser('a@example.com'))).key
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.calls.length = 0
})

const rpc = (id: number, method = 'tools/call', params: object = { name: `tool-${id}` }) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})
const send = (body: string, fields: readonly (readonly [string, string])[] = []) =>
  ask(gateway.port, { key, body, fields })
const claimed = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }

describe('a batch of revision 2025-03-26', () => {
  it('is passed on byte by byte, and so is its answer', async () => {
    const body = `[ ${JSON.stringify(rpc(1))},\n\t{"jsonrpc":"2.0","method":"notifications/progress"} ,${JSON.stringify(rpc(2, 'tools/list'))}]`
    const answer = await send(body)
    expect(upstream.calls.map((call) => call.body)).toEqual([body])
    expect(JSON.parse(answer.body)).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 2, result: {} },
    ])
  })

  it('of notifications and answers alone gets a 202', async () => {
    const answers = [
      { jsonrpc: '2.0', id: 0, result: {} },
      { jsonrpc: '2.0', method: 'notifications/cancelled' },
    ]
    expect((await send(JSON.stringify(answers))).status).toBe(202)
    expect(upstream.calls).toHaveLength(1)
  })

  it('with one call in it is not the same as that call alone', async () => {
    expect(JSON.parse((await send(JSON.stringify([rpc(1)]))).body)).toBeInstanceOf(Array)
  })

  const good = JSON.stringify(rpc(1))
  it.each([
    ['is no message', `{"id":2}`, 'not_jsonrpc'],
    ['is a message of another protocol', '{"jsonrpc":"1.0","id":2,"method":"x"}', 'not_jsonrpc'],
    ['is null', 'null', 'not_jsonrpc'],
    ['is a batch itself', `[${good}]`, 'not_jsonrpc'],
    [
      'could be read as two methods',
      '{"jsonrpc":"2.0","id":2,"method":"ping","method":"tools/call"}',
      'ambiguous_key',
    ],
    [
      'hides a second name',
      '{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"a","Name":"b"}}',
      'ambiguous_key',
    ],
    [
      'claims a version the header denies',
      JSON.stringify(rpc(2, 'tools/list', { _meta: claimed })),
      'header_mismatch',
    ],
  ])('T50: is refused as a whole when one of its elements %s', async (_, bad, reason) => {
    for (const elements of [
      [good, bad],
      [bad, good],
      [good, good, bad, good],
    ]) {
      const answer = await send(`[${elements.join(',')}]`, [['MCP-Protocol-Version', '2025-03-26']])
      expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
    }
    expect(upstream.calls).toHaveLength(0)
  })

  it.each([
    ['[]', 'empty_batch'],
    [`[${Array(101).fill(good).join(',')}]`, 'batch_too_large'],
  ])('is refused when it is %.5s… : %s', async (body, reason) => {
    const answer = await send(body)
    expect([answer.status, reasonOf(answer)]).toEqual([400, reason])
    expect(upstream.calls).toHaveLength(0)
  })

  it('T50: is judged element by element against what the headers say', async () => {
    const body = `[${good},${JSON.stringify(rpc(2))}]`
    const answer = await send(body, [
      ['Mcp-Method', 'tools/call'],
      ['Mcp-Name', 'tool-1'],
    ])
    expect([answer.status, reasonOf(answer)]).toEqual([400, 'header_mismatch'])
    expect(upstream.calls).toHaveLength(0)
  })
})

describe('the transport of 2024-11-05', () => {
  const paths = ['/sse', '/messages', '/message', '/mcp/sse', '/mcp/code/sse', '/mcp/code/messages'] as const

  it.each(paths)('is refused at %s, in words that say what to do', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(gateway.port, { method, path })
      expect([answer.status, reasonOf(answer)]).toEqual([404, 'transport_unsupported'])
      expect(JSON.parse(answer.body)).toMatchObject({ jsonrpc: '2.0', error: { code: 40400 } })
      expect(answer.body).toContain('Use Streamable HTTP at /mcp or /mcp/NAME')
      expect(answer.headers.has('www-authenticate')).toBe(false)
    }
    expect(upstream.calls).toHaveLength(0)
  })

  it('T30: counts as an unknown route and as nobody’s rejection', async () => {
    const series = 'sallyport_http_requests_total{route="unknown",method="GET",status_class="4xx"}'
    const before = await seriesValue(gateway.port, series)
    await ask(gateway.port, { method: 'GET', path: '/sse?sessionId=1' })
    expect(await seriesValue(gateway.port, series)).toBe(before + 1)
    const { body } = await ask(gateway.port, { method: 'GET', path: '/metrics' })
    expect(body).not.toContain('transport_unsupported')
  })

  it.each(['/sse/', '/SSE', '/mcp/code/x/sse', '/ssex', '/messages/1'])(
    'T15: is not what %s is',
    async (path) => {
      expect(reasonOf(await ask(gateway.port, { method: 'GET', path }))).toBe('not_found')
    },
  )
})
