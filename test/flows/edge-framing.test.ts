import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, reasonOf, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ settings: { requests: { bodyTimeoutSeconds: 1, drainSeconds: 0 } } })
})
afterAll(() => edge.close())
afterEach(() => expect(edge.upstream.count).toBe(0))

const smuggled = () => edge.post(legacyCall('smuggled'))
const head = (lines: readonly string[]) =>
  [
    'POST /mcp HTTP/1.1',
    'Host: localhost',
    `Authorization: Bearer ${edge.key}`,
    'Content-Type: application/json',
    ...lines,
    '',
    '',
  ].join('\r\n')

describe('a request whose length two servers could read differently', () => {
  it.each([
    ['a length and chunks', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
    ['chunks and a length', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
    ['two lengths', ['Content-Length: 4', 'Content-Length: 5']],
    ['two equal lengths', ['Content-Length: 4', 'Content-Length: 4']],
    ['a list of lengths', ['Content-Length: 4, 4']],
    ['a signed length', ['Content-Length: +4']],
    ['a negative length', ['Content-Length: -1']],
    ['a length in hex', ['Content-Length: 0x4']],
    ['a length that overflows', ['Content-Length: 99999999999999999999999999']],
    ['an unknown coding', ['Transfer-Encoding: xchunked']],
    ['chunks that are not last', ['Transfer-Encoding: chunked, gzip']],
    ['a coding with a control character', ['Transfer-Encoding: \vchunked']],
    ['a space before the colon', ['Content-Length : 4']],
    ['a folded field', ['X-Folded: a', ' b', 'Content-Length: 4']],
    ['a bare line feed', ['X: a\nContent-Length: 4']],
    ['a bare carriage return', ['X: a\rContent-Length: 4']],
    ['a null byte', ['X: a\0b']],
    ['a field without a name', [': x']],
  ])('is a 400 and the connection ends: %s', async (_, lines) => {
    const connection = await openRawConnection(edge.port)
    connection.send(`${head(lines)}0\r\n\r\n${smuggled()}`)
    const answer = await connection.next()
    expect(answer?.status).toBe(400)
    await connection.closed
    expect(connection.pending).toBe('')
  })

  it.each([
    ['a size that is no number', 'zz\r\n'],
    ['a negative size', '-1\r\n'],
    ['a size that overflows', 'ffffffffffffffffff\r\n'],
    ['a chunk longer than its size', '1\r\nabc\r\n'],
    ['a bare line feed behind the size', '1\na\n0\n\n'],
    ['no line break behind the chunk', '1\r\na0\r\n\r\n'],
  ])('in a chunk too: %s', async (_, chunk) => {
    const connection = await openRawConnection(edge.port)
    connection.send(`${head(['Transfer-Encoding: chunked'])}${chunk}${smuggled()}`)
    expect((await connection.next())?.status).toBe(400)
    await connection.closed
    expect(connection.pending).toBe('')
  })
})

describe('what is refused early', () => {
  it('leaves its body unread, so that it is not taken for the next request', async () => {
    const inner = smuggled()
    const connection = await openRawConnection(edge.port)
    const fields: Fields = [
      ['Content-Type', 'application/json'],
      ['Content-Length', String(inner.length + 10)],
    ]
    connection.send(rawRequest('POST', '/mcp', fields) + inner)
    const answer = await connection.next()
    expect([answer?.status, answer?.headers.get('connection')]).toEqual([401, 'close'])
    await connection.closed
    expect(connection.pending).toBe('')
  })

  it('is told from what follows it on the connection', async () => {
    const connection = await openRawConnection(edge.port)
    connection.send(edge.post('{}') + rawRequest('GET', '/healthz'))
    expect(reasonOf(await connection.next())).toBe('not_jsonrpc')
    expect((await connection.next())?.status).toBe(200)
    connection.destroy()
  })

  it('an Upgrade is not followed', async () => {
    const fields: Fields = [
      ['Connection', 'Upgrade'],
      ['Upgrade', 'websocket'],
    ]
    expect((await sendRaw(edge.port, rawRequest('GET', '/healthz', fields)))?.status).toBe(200)
    expect(
      (await sendRaw(edge.port, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n\r\n'))?.status,
    ).not.toBe(200)
  })

  it.each(['GET / HTTP/9.9', 'hello', '\x16\x03\x01\x02\x00\x01\x00', 'PRI * HTTP/2.0\r\n\r\nSM'])(
    'what is no HTTP/1.1 is no request: %j',
    async (line) => {
      const answer = await sendRaw(edge.port, `${line}\r\nHost: localhost\r\n\r\n`)
      expect([400, undefined, 505]).toContain(answer?.status)
    },
  )

  it('a head of very many fields loses none that matters', async () => {
    const many = Array.from({ length: 300 }, (_, place) => [`X-${place}`, 'y'] as const)
    const answer = await edge.send(legacyCall(), [...many, ['Authorization', 'Bearer other']])
    expect([400, 431]).toContain(answer?.status)
  })
})

// Each of these waits for the same clock: they do it together.
describe.concurrent('a client that does not finish', () => {
  it.each([
    ['its body', () => head([`Content-Length: ${legacyCall().length}`]) + legacyCall().slice(0, 20)],
    ['its chunks', () => `${head(['Transfer-Encoding: chunked'])}5\r\n{"a":\r\n`],
    ['its head', () => 'POST /mcp HTTP/1.1\r\nHost: localhost\r\n'],
  ])('%s in time gets a 408 and no more', async (_, bytes) => {
    const connection = await openRawConnection(edge.port)
    connection.send(bytes())
    expect((await connection.next())?.status).toBe(408)
    await connection.closed
  })
})

it('a client that breaks off its body leaves nothing in flight', async () => {
  const connection = await openRawConnection(edge.port)
  connection.send(head(['Content-Length: 1000']) + legacyCall())
  connection.end()
  await connection.closed
  await expect.poll(() => edge.metric('sallyport_requests_in_flight{route="/mcp"}')).toBe(0)
})

describe('what the parser turns away is in the numbers', () => {
  const counted = async () => ({
    unknown: await edge.metric(
      'sallyport_http_requests_total{route="unknown",method="other",status_class="4xx"}',
    ),
    timed: await edge.metric(
      'sallyport_http_request_duration_seconds_count{route="unknown",method="other",status_class="4xx"}',
    ),
    routed: await edge.metric('sallyport_http_requests_total{route="/mcp",method="POST",status_class="4xx"}'),
    inFlight: await edge.metric('sallyport_requests_in_flight{route="unknown"}'),
  })

  it.each([
    ['no request at all', 400, () => 'hello\r\n\r\n'],
    [
      'a head that is too long',
      431,
      () => `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'y'.repeat(100_000)}\r\n\r\n`,
    ],
    ['a head that does not end', 408, () => 'GET / HTTP/1.1\r\nHost: localhost\r\n'],
    [
      'a length two servers could read differently',
      400,
      () => head(['Content-Length: 4', 'Content-Length: 5']),
    ],
  ])('once, with no route and no method: %s', async (_, status, bytes) => {
    const before = await counted()
    const connection = await openRawConnection(edge.port)
    connection.send(bytes())
    expect((await connection.next())?.status).toBe(status)
    await connection.closed
    const { unknown, timed } = before
    expect(await counted()).toEqual({ ...before, unknown: unknown + 1, timed: timed + 1 })
  })

  it('a request that goes wrong in its body counts once, on its own route', async () => {
    const before = await counted()
    const connection = await openRawConnection(edge.port)
    connection.send(`${head(['Transfer-Encoding: chunked'])}zz\r\n`)
    expect((await connection.next())?.status).toBe(400)
    await connection.closed
    await expect.poll(counted).toEqual({ ...before, routed: before.routed + 1 })
  })

  it('a request that goes wrong in its body after its answer is counted by its answer alone', async () => {
    const before = await counted()
    const connection = await openRawConnection(edge.port)
    connection.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
    expect((await connection.next())?.status).toBe(200)
    connection.send('zz\r\n')
    await connection.closed
    expect(await counted()).toEqual(before)
  })

  it('a connection that brings nothing is no request', async () => {
    const before = await counted()
    const connection = await openRawConnection(edge.port)
    expect((await connection.next())?.status).toBe(408)
    await connection.closed
    expect(await counted()).toEqual(before)
  })
})
