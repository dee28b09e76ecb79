import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, startEdge } from '../support/edge.ts'
import type { Edge } from '../support/edge.ts'
import { rawRequest } from '../support/raw-http.ts'

const quick = { settings: { streams: { keepAliveSeconds: 1 } } }
let edge: Edge
beforeAll(async () => {
  edge = await startEdge(quick)
})
afterAll(() => edge.close())

/** A client that looks at what has arrived so far. */
interface Listening {
  readonly socket: Socket
  readonly text: () => string
  /** Resolves when what has arrived matches. */
  until(pattern: RegExp): Promise<void>
}

async function listenTo(request: string, { port } = edge): Promise<Listening> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.on('error', () => {})
  socket.write(request)
  return {
    socket,
    text: () => text,
    until: (pattern) =>
      new Promise((resolve) => {
        const look = () => {
          if (!pattern.test(text)) return
          socket.off('data', look)
          resolve()
        }
        socket.on('data', look)
        look()
      }),
  }
}

const modern = modernCall()
const kinds = [
  ['a legacy POST', ({ post }: Edge) => post(legacyCall())],
  ['a modern POST', ({ post }: Edge) => post(modern.body, modern.fields)],
  ['a GET', ({ key }: Edge) => rawRequest('GET', '/mcp', [['Authorization', `Bearer ${key}`]])],
] as const

it.each(kinds)(
  'T44: the event stream of %s shows its head before any event, and each event before the next is made',
  async (_, request) => {
    const client = await listenTo(request(edge))
    const exchange = await edge.upstream.next()
    exchange.beginEvents()
    await client.until(/\r\n\r\n/)
    const head = client.text().split('\r\n\r\n')[0] ?? ''
    expect(head).toMatch(/^HTTP\/1\.1 200 /)
    expect(head).toMatch(/^X-Accel-Buffering: no$/im)
    expect(head).toMatch(/^Content-Type: text\/event-stream$/im)
    expect(head).not.toMatch(/^content-length/im)
    for (const number of [1, 2, 3]) {
      exchange.chunk(`data: {"number":${number}}\n\n`)
      await client.until(new RegExp(`"number":${number}`))
      expect(client.text()).not.toContain(`"number":${number + 1}`)
    }
    exchange.chunk('data: {"half":')
    await client.until(/"half":/)
    client.socket.destroy()
    await exchange.closed
  },
)

// The timer decides how long each of these takes: they wait for it together.
describe.concurrent('T44: keep-alive', () => {
  it.each(kinds)('comments keep the stream of %s, between events only', async (_, request) => {
    const own = await startEdge(quick)
    const client = await listenTo(request(own), own)
    const exchange = await own.upstream.next()
    exchange.beginEvents()
    await client.until(/: keep-alive\n\n/)
    exchange.chunk('data: {"a":')
    await client.until(/"a":/)
    // Another stream with nothing to say shows that the timer has gone round twice.
    const other = await listenTo(request(own), own)
    const quiet = await own.upstream.next()
    quiet.beginEvents()
    await other.until(/: keep-alive\n\n[^]*: keep-alive\n\n/)
    expect(client.text()).toMatch(/data: \{"a":\r\n$/)
    exchange.chunk('1}\n\n')
    await client.until(/: keep-alive\n\n[^]*"a":[^]*: keep-alive\n\n/)
    const events = client.text().split('\r\n\r\n').slice(1).join('\r\n\r\n')
    expect(events.replace(/\r?\n?[0-9a-f]+\r\n/g, '')).toContain('data: {"a":1}\n\n: keep-alive\n\n')
    for (const socket of [client.socket, other.socket]) socket.destroy()
    await Promise.all([exchange.closed, quiet.closed])
    await own.close()
  })

  it('a stream of declared length or in an encoding gets no comment, which would corrupt it', async () => {
    const plain = await listenTo(edge.post(legacyCall()))
    const quiet = await edge.upstream.next()
    quiet.beginEvents()
    const strict = await Promise.all(
      ['Content-Length: 100', 'Content-Encoding: gzip\r\nTransfer-Encoding: chunked'].map(async (field) => {
        const client = await listenTo(edge.post(legacyCall()))
        const exchange = await edge.upstream.next()
        exchange.say(`HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n${field}\r\n\r\n`)
        await client.until(/\r\n\r\n/)
        return client
      }),
    )
    await plain.until(/: keep-alive\n\n[^]*: keep-alive\n\n/)
    for (const client of strict) expect(client.text()).toMatch(/\r\n\r\n$/)
    for (const { socket } of [plain, ...strict]) socket.destroy()
  })
})

it('events pass byte for byte, however they are cut', async () => {
  const events =
    'id: 1\r\ndata: {"text":"é✓\u{1F600}"}\r\n\r\n: note\n\nretry: 5\rdata\r\revent: x\ndata: y\n\n'
  const bytes = Buffer.from(events)
  const connection = await edge.open(legacyCall())
  const exchange = await edge.upstream.next()
  exchange.beginEvents()
  for (const byte of bytes) {
    exchange.socket.write(Buffer.concat([Buffer.from('1\r\n'), Buffer.from([byte]), Buffer.from('\r\n')]))
  }
  exchange.say('0\r\n\r\n')
  expect((await connection.next())?.body).toBe(events)
  connection.destroy()
})
