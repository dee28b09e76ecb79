import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, startEdge } from '../support/edge.ts'
import type { Edge } from '../support/edge.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import type { Exchange } from '../support/scripted-upstream.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge()
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
const legacy = { body: legacyCall(7), fields: [] }

describe('answers of every shape are relayed', () => {
  it.each([
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 204, ''],
    ['202 of no length', 'HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n', 202, ''],
    ['202', 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n', 202, ''],
    ['405', 'HTTP/1.1 405 No\r\nAllow: POST\r\nContent-Length: 0\r\n\r\n', 405, ''],
    ['500', 'HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops', 500, 'oops'],
    [
      '103 before 200',
      'HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}',
      200,
      '{}',
    ],
    [
      '102 twice',
      `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2)}HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}`,
      200,
      '{}',
    ],
    [
      'chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n',
      200,
      '{}',
    ],
  ])('%s', async (_, bytes, status, body) => {
    const answer = await answered(({ say }) => say(bytes), legacy)
    expect([answer?.status, answer?.body]).toEqual([status, body])
    expect(answer?.headers.get('link')).toBeUndefined()
  })

  it('a body that ends with its connection is whole', async () => {
    const answer = await answered(({ socket }) =>
      socket.end('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{}'),
    )
    expect([answer?.status, answer?.body]).toEqual([200, '{}'])
  })

  it("the upstream's own fields stay behind, but for those a client needs", async () => {
    const fields = [
      'Set-Cookie: a=b',
      'Server: secret/1.0',
      'X-Powered-By: secret',
      'Access-Control-Allow-Origin: *',
      'X-Request-Id: theirs',
      'Location: http://inside',
      'Retry-After: 7',
      'Content-Type: application/json',
    ]
    const answer = await answered(({ say }) =>
      say(`HTTP/1.1 429 Slow\r\n${fields.join('\r\n')}\r\nContent-Length: 2\r\n\r\n{}`),
    )
    expect([answer?.status, answer?.headers.get('retry-after')]).toEqual([429, '7'])
    expect(answer?.headers.get('x-request-id')).toMatch(/^req_/)
    expect(answer?.head).not.toMatch(/cookie|secret|allow-origin|theirs|inside/i)
  })
})

it('an answer that comes before the request was read to its end is relayed', async () => {
  const early = await startEdge({ readBody: false })
  const asked = early.send(
    JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'a', params: { x: 'y'.repeat(4_000_000) } }),
  )
  const exchange = await early.upstream.next()
  exchange.say('HTTP/1.1 413 Large\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}')
  const answer = await asked
  expect([answer?.status, answer?.body]).toEqual([413, '{}'])
  await early.close()
})
