import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, startEdge } from '../support/edge.ts'
import type { Edge } from '../support/edge.ts'
import { openRawConnection, rawRequest } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())

const eras = [
  ['modern', modernCall()],
  ['legacy', { body: legacyCall(), fields: [] }],
] as const

describe.each(eras)("a %s client's leaving is mirrored to the upstream", (_, { body, fields }) => {
  it('before the answer has begun', async () => {
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    await exchange.body
    connection.destroy()
    await exchange.closed
  })

  it('within an event stream', async () => {
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    exchange.chunk('data: {}\n\n')
    connection.destroy()
    await exchange.closed
  })

  it('within a JSON body', async () => {
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    exchange.say(
      'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n',
    )
    connection.destroy()
    await exchange.closed
  })

  it('also when it only says that it will send no more', async () => {
    const connection = await edge.open(body, fields)
    const exchange = await edge.upstream.next()
    connection.end()
    await exchange.closed
    await connection.closed
  })
})

it('a GET stream that its client has left is closed upstream', async () => {
  const connection = await openRawConnection(edge.port)
  connection.send(rawRequest('GET', '/mcp', [['Authorization', `Bearer ${edge.key}`]]))
  const exchange = await edge.upstream.next()
  exchange.beginEvents()
  connection.destroy()
  await exchange.closed
})

it('a client that leaves while its caller is being told to the upstream leaves nothing open there', async () => {
  // Every key has an assertion of its own to be signed, which is when the client goes.
  const signing = await startEdge({ entry: { identity: 'assertion' } })
  const clients = await Promise.all(
    Array.from({ length: 40 }, async (_, place) => {
      const user = await signing.gateway.addUser(`user${place}@example.com`)
      const { key } = await signing.gateway.createKey(user)
      return { key, connection: await openRawConnection(signing.port) }
    }),
  )
  for (const { key, connection } of clients) {
    const fields = [
      ['Authorization', `Bearer ${key}`],
      ['Content-Type', 'application/json'],
    ] as const
    connection.send(rawRequest('POST', '/mcp', fields, legacyCall()))
    connection.destroy()
  }
  await Promise.all(clients.map(({ connection }) => connection.closed))
  const last = signing.send(legacyCall('last'))
  for (;;) {
    const exchange = await signing.upstream.next()
    if ((await exchange.body.catch(() => '')).includes('"last"')) {
      exchange.json({ jsonrpc: '2.0', id: 'last', result: {} })
      break
    }
    await exchange.closed
  }
  expect((await last)?.status).toBe(200)
  await signing.close()
})

it('a pipelined request behind one that was cut is never sent upstream', async () => {
  const before = edge.upstream.count
  const connection = await edge.open(legacyCall(1))
  connection.send(edge.post(legacyCall(2)))
  const exchange = await edge.upstream.next()
  expect(await exchange.body).toContain('"id":1')
  connection.destroy()
  await exchange.closed
  const series = 'sallyport_requests_in_flight{route="/mcp"}'
  await expect.poll(() => edge.metric(series)).toBe(0)
  expect(edge.upstream.count).toBeLessThanOrEqual(before + 2)
})
