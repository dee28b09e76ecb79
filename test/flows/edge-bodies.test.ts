import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, reasonOf, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ settings: { requests: { maxBodyBytes: 4096, drainSeconds: 0 } } })
})
afterAll(() => edge.close())

let expected = 0
/** Nothing of what was refused has reached the upstream. */
afterEach(() => expect(edge.upstream.count).toBe(expected))

/** Sends what is to pass, answers it at the upstream, and gives back the body that came there. */
async function relayed(body: string, fields: Fields = []): Promise<string> {
  expected += 1
  const asked = edge.send(body, fields)
  const exchange = await edge.upstream.next()
  exchange.json({ ok: true })
  expect((await asked)?.status).toBe(200)
  return exchange.body
}
const refused = async (body: string | Buffer, fields: Fields = []) => {
  const bytes = Buffer.from(body)
  const head = edge.post('', [['Content-Length', String(bytes.length)], ...fields])
  const answer = await sendRaw(edge.port, Buffer.concat([Buffer.from(head), bytes]))
  return [answer?.status, reasonOf(answer)]
}
const call = (inside: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{${inside}}}`

describe('T50: two parsers, one body: what could be read twice never leaves', () => {
  it.each([
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","METHOD":"tools/call"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/list","\\u006dethod":"tools/call"}',
    call('"name":"safe","Name":"danger"'),
    call('"name":"safe","_meta":{"a":1,"a":2}'),
    `[${legacyCall()},{"jsonrpc":"2.0","id":2,"method":"a","method":"b"}]`,
  ])('%s', async (body) => expect(await refused(body)).toEqual([400, 'ambiguous_key']))

  it('the answer names the key at fault', async () => {
    const answer = await edge.send(call('"name":"safe","Name":"danger"'))
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      jsonrpc: '2.0',
      id: null,
      error: { code: 40000, message: expect.stringContaining('(Name)') as string },
    })
  })

  it('what passes arrives byte for byte', async () => {
    const odd = ` {"params" : {"name":"a","arguments":{"x":1.0,"x":2e0,"\\u0041":"\\/é\u{1F600}"}},\r\n\t"method":"tools/call","id":"1","jsonrpc":"2.0"} `
    expect(await relayed(odd)).toBe(odd)
  })
})

describe('header and body must agree', () => {
  const { body, fields } = modernCall(9, 'résumé')
  const withName = (name: string): Fields =>
    fields.map(([field, value]) => [field, field === 'Mcp-Name' ? name : value])

  it('in plain and in the base64 form', async () => {
    expect(await relayed(body, withName('=?base64?csOpc3Vtw6k=?='))).toBe(body)
    const plain = modernCall(9, 'plain')
    expect(await relayed(plain.body, plain.fields)).toBe(plain.body)
  })

  it.each([
    ['another name', withName('other')],
    ['a name that cannot be decoded', withName('=?base64?csOpc3Vtw6k?=')],
    ['a name in raw bytes', withName('rÃ©sumÃ©')],
    ['another method', [['Mcp-Method', 'tools/list']]],
    ['a method in another case', [['Mcp-Method', 'TOOLS/CALL']]],
    ['another version', [['MCP-Protocol-Version', '2025-11-25']]],
  ] as const)('or it is -32020 with the id: %s', async (_, wrong) => {
    const answer = await edge.send(body, wrong)
    expect(answer?.status).toBe(400)
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({
      id: 9,
      error: { code: -32020, data: { reason: 'header_mismatch' } },
    })
  })

  it.each([
    'Mcp-Method',
    'Mcp-Name',
    'MCP-Protocol-Version',
    'Content-Type',
    'Mcp-Session-Id',
    'Content-Encoding',
  ])('two %s fields are a 400, equal or not', async (name) => {
    const value = name === 'Content-Type' ? 'application/json' : 'x'
    const answer = await edge.send(legacyCall(), [
      [name, value],
      [name.toLowerCase(), value],
    ])
    expect([answer?.status, reasonOf(answer)]).toEqual([400, 'duplicate_header'])
  })

  it('every element of a batch is compared', async () => {
    const batch = `[${legacyCall(1)},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]`
    expect(await refused(batch, [['Mcp-Method', 'tools/call']])).toEqual([400, 'header_mismatch'])
  })
})

describe('what is no message', () => {
  it.each([
    ['an empty body', '', 'body_missing'],
    ['a truncated text', legacyCall().slice(0, -1), 'invalid_json'],
    ['a byte order mark', Buffer.from(`\uFEFF${legacyCall()}`), 'invalid_json'],
    ['UTF-16', Buffer.from(legacyCall(), 'utf16le'), 'invalid_json'],
    ['a lone continuation byte', Buffer.from([0x22, 0x80, 0x22]), 'invalid_utf8'],
    ['a surrogate in UTF-8', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), 'invalid_utf8'],
    ['an overlong slash', Buffer.from([0x22, 0xc0, 0xaf, 0x22]), 'invalid_utf8'],
    ['deep nesting without an end', '['.repeat(4000), 'too_deep'],
    ['deep nesting', `${'['.repeat(2000)}${']'.repeat(2000)}`, 'too_deep'],
    ['a batch of more than 100', `[${Array(101).fill('{}').join()}]`, 'batch_too_large'],
    ['a batch without a message', '[]', 'empty_batch'],
    ['a batch with something else', `[${legacyCall()},1]`, 'not_jsonrpc'],
    ['a form', 'a=b', 'invalid_json'],
    ['a scalar', '1', 'not_jsonrpc'],
  ])('%s', async (_, body, reason) => expect(await refused(body)).toEqual([400, reason]))

  it('a batch of calls is relayed as it came', async () => {
    const batch = `[${legacyCall(1)} , ${legacyCall('b')}]`
    expect(await relayed(batch)).toBe(batch)
  })
})

describe('what is no JSON by its fields', () => {
  it.each([
    'text/plain',
    'application/jsonp',
    'application/json-rpc',
    'text/json',
    '',
    'application/x-www-form-urlencoded',
  ])('Content-Type %j is a 415', async (type) => {
    expect(await refused(legacyCall(), [['Content-Type', type]])).toEqual([415, 'unsupported_media_type'])
  })

  it('no Content-Type at all is a 415', async () => {
    const request = rawRequest('POST', '/mcp', [['Authorization', `Bearer ${edge.key}`]], legacyCall())
    expect(reasonOf(await sendRaw(edge.port, request))).toBe('unsupported_media_type')
  })

  it.each(['application/json; charset=utf-8', 'Application/JSON', 'application/json;a=b'])(
    'Content-Type %s is JSON',
    async (type) => void (await relayed(legacyCall(), [['Content-Type', type]])),
  )

  it.each(['gzip', 'br', 'deflate', 'GZIP', 'identity, gzip', 'x'])(
    'Content-Encoding %s is a 415',
    async (name) => {
      const body = name === 'gzip' ? gzipSync(legacyCall()) : legacyCall()
      expect(await refused(body, [['Content-Encoding', name]])).toEqual([415, 'content_encoding'])
    },
  )

  it('Content-Encoding identity changes nothing', async () => {
    await relayed(legacyCall(), [['Content-Encoding', 'Identity']])
  })
})

describe('what is too large', () => {
  const long = (bytes: number) =>
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a', params: { x: 'y'.repeat(bytes) } })

  it('is refused by its declared length, before a byte of it is read', async () => {
    const connection = await openRawConnection(edge.port)
    connection.send(edge.post('', [['Content-Length', '4097']]))
    const answer = await connection.next()
    expect([answer?.status, reasonOf(answer)]).toEqual([413, 'body_too_large'])
    expect(answer?.headers.get('connection')).toBe('close')
    await connection.closed
  })

  it('is refused in chunks, as soon as they are too many', async () => {
    const connection = await openRawConnection(edge.port)
    connection.send(edge.post('', [['Transfer-Encoding', 'chunked']]))
    for (let sent = 0; sent < 5; sent += 1) connection.send(`400\r\n${'x'.repeat(1024)}\r\n`)
    const answer = await connection.next()
    expect([answer?.status, reasonOf(answer)]).toEqual([413, 'body_too_large'])
    await connection.closed
  })

  it('is not what is exactly as large as allowed', async () => {
    const body = long(4096 - long(0).length)
    expect(Buffer.byteLength(body)).toBe(4096)
    expect(await relayed(body)).toBe(body)
    expect(await refused(`${body} `)).toEqual([413, 'body_too_large'])
  })

  it('a caller nobody knows is refused before the body is looked at', async () => {
    const fields: Fields = [
      ['Content-Type', 'application/json'],
      ['Content-Length', '999999999'],
    ]
    const answer = await sendRaw(edge.port, rawRequest('POST', '/mcp', fields))
    expect([answer?.status, reasonOf(answer)]).toEqual([401, 'missing_credential'])
  })

  it.each(['GET', 'DELETE'])('a %s has no body', async (method) => {
    const fields: Fields = [['Authorization', `Bearer ${edge.key}`]]
    for (const [name, value, body] of [
      ['Content-Length', '2', '{}'],
      ['Transfer-Encoding', 'chunked', '2\r\n{}\r\n0\r\n\r\n'],
    ] as const) {
      const request = rawRequest(method, '/mcp', [...fields, [name, value]])
      const answer = await sendRaw(edge.port, request + body)
      expect([answer?.status, reasonOf(answer)]).toEqual([400, 'body_unexpected'])
    }
  })
})
