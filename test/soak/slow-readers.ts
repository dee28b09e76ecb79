import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { startChildGateway } from '../fuzz/child-gateway.ts'
import type { MemorySample } from '../fuzz/gateway-orders.ts'
import { until } from '../fuzz/until.ts'

export interface SlowReadersResult {
  readonly before: MemorySample
  readonly held: MemorySample
  readonly after: MemorySample
  /** Bytes that all upstream answers together have got rid of while nobody read. */
  readonly taken: number
  readonly offered: number
  /** Bytes of body that a client got in the end which began to read late. */
  readonly readLate: number
  readonly expectedLate: number
  /** Upstream answers still open once all clients have gone. */
  readonly leftOpen: number
  readonly complaints: readonly string[]
}

export interface SlowReadersOptions {
  readonly clients: number
  readonly bytesEach: number
}

const piece = Buffer.alloc(65_536, 'data: 0123456789abcdef\n\n')

/** Clients that ask for much and do not read it: what they do not take, the gateway must not take either (T47). */
export async function runSlowReaders({ clients, bytesEach }: SlowReadersOptions): Promise<SlowReadersResult> {
  const upstream = await startStreamingUpstream(bytesEach)
  const upstreams = [{ name: 'code', url: upstream.url }]
  const settings = { limits: { enabled: false }, requests: { drainSeconds: 0 } }
  const gateway = await startChildGateway(
    { upstreams, settings, location: null, keys: [{ name: 'good' }] },
    256,
  )
  try {
    const request = requestOf(gateway.keys['good'] ?? '')
    const warm = await openUnread(gateway.port, request)
    await until(() => upstream.taken > 0, 10_000)
    warm.destroy()
    await until(() => upstream.open === 0, 10_000)
    const before = await gateway.sample()
    const base = upstream.taken
    const sockets = await Promise.all(
      Array.from({ length: clients }, () => openUnread(gateway.port, request)),
    )
    await until(() => upstream.open === clients, 30_000)
    await standsStill(() => upstream.taken)
    const held = await gateway.sample()
    const taken = upstream.taken - base
    const late = sockets[0]
    const readLate = late === undefined ? 0 : await readAll(late, bytesEach)
    for (const socket of sockets) socket.destroy()
    await until(() => upstream.open === 0, 10_000)
    const leftOpen = upstream.open
    await until(async () => (await gateway.sample()).sockets <= before.sockets, 10_000)
    const after = await gateway.sample()
    const { complaints } = gateway
    const offered = clients * bytesEach
    return { before, held, after, taken, offered, readLate, expectedLate: bytesEach, leftOpen, complaints }
  } finally {
    await gateway.stop()
    await upstream.close()
  }
}

/** Waits until nothing has flowed for a second: then every buffer on the way is full. */
async function standsStill(count: () => number): Promise<void> {
  for (let last = -1; last !== count();) {
    last = count()
    await delay(1000)
  }
}

function requestOf(key: string): string {
  const body = '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"flood"}}'
  const fields = [
    'Host: localhost',
    `Authorization: Bearer ${key}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
  ]
  return `POST /mcp HTTP/1.1\r\n${fields.join('\r\n')}\r\n\r\n${body}`
}

async function openUnread(port: number, request: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  await once(socket, 'connect')
  socket.write(request)
  return socket
}

/** Reads to the end of the answer; answers how many bytes of body there were. */
async function readAll(socket: Socket, bytesEach: number): Promise<number> {
  let bytes = 0
  let tail = ''
  const over = new Promise<void>((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      tail = (tail + chunk.toString('latin1', Math.max(0, chunk.length - 7))).slice(-7)
      if (tail === '\r\n0\r\n\r\n') resolve()
    })
    socket.once('close', () => resolve())
  })
  socket.resume()
  await over
  // Head and framing are a little on top; less than the body means that some of it was lost.
  return Math.min(bytes, bytesEach)
}

/** Streams events as fast as they are taken. */
async function startStreamingUpstream(bytesEach: number) {
  let taken = 0
  let open = 0
  const server = createServer((request, response) => {
    open += 1
    request.resume()
    response.on('error', () => {})
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    let left = bytesEach
    const pour = () => {
      while (left > 0 && !response.destroyed) {
        const bytes = piece.subarray(0, Math.min(left, piece.length))
        left -= bytes.length
        const more = response.write(bytes, () => (taken += bytes.length))
        if (!more) return void response.once('drain', pour)
      }
      response.end()
    }
    response.once('close', () => (open -= 1))
    pour()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    get taken() {
      return taken
    },
    get open() {
      return open
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
