import { once } from 'node:events'
import { createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, reasonOf, startEdge } from '../support/edge.ts'
import type { Edge } from '../support/edge.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import type { Exchange } from '../support/scripted-upstream.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ entry: { timeoutSeconds: 1 } })
})
afterAll(() => edge.close())

/** Sends a call in either era and answers it with whatever `act` does to the upstream's side. */
async function answered(
  act: (exchange: Exchange) => void,
  { body, fields } = modernCall(7),
): Promise<RawAnswer | null> {
  const asked = edge.send(body, fields)
  act(await edge.upstream.next())
  return asked
}
const failure = (answer: RawAnswer | null) => [answer?.status, reasonOf(answer)]
const legacy = { body: legacyCall(7), fields: [] }

describe('before an answer has begun, the client is told', () => {
  it('502 when nobody listens', async () => {
    const gone = createServer().listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const address = gone.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    await new Promise((resolve) => gone.close(resolve))
    const dead = await startEdge({ entry: { url: `http://127.0.0.1:${port}/mcp` } })
    const answer = await dead.send(legacyCall())
    expect(failure(answer)).toEqual([502, 'upstream_unreachable'])
    expect(JSON.parse(answer?.body ?? '')).toMatchObject({ jsonrpc: '2.0', error: { code: 50200 } })
    await dead.close()
  })

  it('504 when it never answers, and lets go of the upstream', async () => {
    const { body, fields } = modernCall()
    const asked = edge.send(body, fields)
    const exchange = await edge.upstream.next()
    expect(failure(await asked)).toEqual([504, 'upstream_timeout'])
    await exchange.closed
  })

  it.each([
    ['a reset', ({ socket }: Exchange) => socket.resetAndDestroy(), 502],
    ['an end without a word', ({ socket }: Exchange) => socket.end(), 502],
    ['an end within the head', ({ socket }: Exchange) => socket.end('HTTP/1.1 200 OK\r\nContent-'), 502],
    [
      'an end within a small JSON body',
      ({ socket }: Exchange) => {
        socket.end('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"json')
      },
      502,
    ],
    ['what is no HTTP', ({ say }: Exchange) => say('SSH-2.0-OpenSSH_9.9\r\n'), 502],
    ['a bad status', ({ say }: Exchange) => say('HTTP/1.1 abc OK\r\n\r\n'), 502],
    ['a bad length', ({ say }: Exchange) => say('HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n'), 502],
    [
      'two lengths',
      ({ say }: Exchange) => {
        say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} ')
      },
      502,
    ],
    [
      'length and chunks',
      ({ say }: Exchange) => {
        say('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n')
      },
      502,
    ],
    [
      'a head without end',
      ({ say }: Exchange) => say(`HTTP/1.1 200 OK\r\nX: ${'a'.repeat(40_000)}\r\n\r\n`),
      502,
    ],
  ] as const)('502 on %s', async (_, act, status) => {
    for (const call of [modernCall(7), legacy]) {
      const answer = await answered(act, call)
      expect([answer?.status, reasonOf(answer)]).toEqual([status, 'upstream_failed'])
    }
  })

  it.each([301, 302, 303, 307, 308, 304])('502 on a redirect (%i), which is not followed', async (status) => {
    const before = edge.upstream.count
    const answer = await answered(({ say }) =>
      say(`HTTP/1.1 ${status} Moved\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n`),
    )
    expect(failure(answer)).toEqual([502, 'upstream_redirected'])
    expect(answer?.head).not.toContain('169.254')
    expect(edge.upstream.count).toBe(before + 1)
  })

  it("502 on a 401: the client's credential was good, and it must not look as if it was not", async () => {
    const answer = await answered(({ say }) =>
      say(
        'HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer resource_metadata="http://x"\r\nContent-Length: 0\r\n\r\n',
      ),
    )
    expect(failure(answer)).toEqual([502, 'upstream_refused_gateway'])
    expect(answer?.headers.get('www-authenticate')).toBeUndefined()
  })

  it('goes on working afterwards', async () => {
    const answer = await answered(({ json }) => json({ jsonrpc: '2.0', id: 7, result: {} }))
    expect([answer?.status, answer?.body]).toEqual([200, '{"jsonrpc":"2.0","id":7,"result":{}}'])
  })
})

describe('after an answer has begun, a torn one never looks whole', () => {
  it.each([
    ['chunked JSON', 'Transfer-Encoding: chunked\r\n\r\n6\r\n{"json\r\n'],
    ['a large JSON body', `Content-Length: 100000\r\n\r\n${'x'.repeat(9000)}`],
  ])('%s', async (_, rest) => {
    const { body, fields } = modernCall()
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.socket.end(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n${rest}`)
    expect(await connection.next()).toBeNull()
    await connection.closed
    expect(connection.pending).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  it('a legacy event stream is cut, so that the client resumes', async () => {
    const connection = await edge.open(legacyCall())
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    exchange.chunk('id: 1\ndata: {}\n\n')
    exchange.socket.end()
    expect(await connection.next()).toBeNull()
    await connection.closed
    expect(connection.pending).not.toContain('upstream_failed')
    expect(connection.pending).not.toMatch(/\r\n0\r\n\r\n$/)
  })

  it.each([
    ['at the boundary of an event', 'data: {"a":1}\n\n'],
    ['before any event', ''],
  ])('a modern event stream that dies %s tells the request its error', async (_, sent) => {
    const { body, fields } = modernCall('my-id')
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    if (sent !== '') exchange.chunk(sent)
    exchange.socket.end()
    const answer = await connection.next()
    const events = answer?.body.split('\n\n') ?? []
    expect(answer?.body.startsWith(sent)).toBe(true)
    expect(events.at(-1)).toBe('')
    const said = /^event: message\ndata: (.*)$/.exec(events.at(-2) ?? '')?.[1] ?? ''
    expect(JSON.parse(said)).toMatchObject({
      jsonrpc: '2.0',
      id: 'my-id',
      error: { code: 50200, data: { reason: 'upstream_failed' } },
    })
    connection.destroy()
  })

  it('a modern event stream that dies within an event is cut', async () => {
    const { body, fields } = modernCall()
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    exchange.chunk('data: {"half":')
    exchange.socket.end()
    expect(await connection.next()).toBeNull()
    await connection.closed
    expect(connection.pending).not.toContain('upstream_failed')
  })

  it('silence within an answer is a timeout, and the stream says so', async () => {
    const { body, fields } = modernCall()
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    const answer = await connection.next()
    expect(answer?.body).toContain('"reason":"upstream_timeout"')
    await exchange.closed
    connection.destroy()
  })
})
