import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'

/** One request as it reached the upstream, and the socket on which a test answers it, byte by byte. */
export interface Exchange {
  /** Request line and fields. */
  readonly head: string
  /** The whole body; rejects when the gateway closed before its end. */
  readonly body: Promise<string>
  readonly socket: Socket
  /** Resolves when the gateway has closed the connection. */
  readonly closed: Promise<void>
  /** Writes bytes as they are. */
  say(bytes: string): void
  /** Answers 200 with a JSON body of known length. */
  json(body: unknown): void
  /** Begins an event stream in chunked framing. */
  beginEvents(): void
  /** Sends one chunk of an answer in chunked framing. */
  chunk(text: string): void
}

/** An upstream that is nothing but a TCP server: it can answer what no HTTP library would let it. */
export interface ScriptedUpstream {
  readonly url: string
  readonly port: number
  /** Requests that have arrived so far. */
  readonly count: number
  /** The next request that has not been taken yet. */
  next(): Promise<Exchange>
  close(): Promise<void>
}

/** Starts it on a free loopback port. With `readBody` false nothing behind a request's head is read. */
export async function startScriptedUpstream({ readBody = true } = {}): Promise<ScriptedUpstream> {
  const arrived: Exchange[] = []
  const waiting: ((exchange: Exchange) => void)[] = []
  const sockets = new Set<Socket>()
  let count = 0
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    readExchanges(socket, readBody, (exchange) => {
      count += 1
      const taker = waiting.shift()
      if (taker === undefined) arrived.push(exchange)
      else taker(exchange)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    port,
    get count() {
      return count
    },
    next() {
      const first = arrived.shift()
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first)
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

function readExchanges(socket: Socket, readBody: boolean, found: (exchange: Exchange) => void): void {
  let buffer = Buffer.alloc(0)
  let body: { readonly length: number; readonly resolve: (text: string) => void } | null = null
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const look = () => {
    if (body !== null) {
      if (buffer.length < body.length) return
      body.resolve(buffer.toString('utf8', 0, body.length))
      buffer = buffer.subarray(body.length)
      body = null
    }
    const end = buffer.indexOf('\r\n\r\n')
    if (end === -1) return
    const head = buffer.toString('latin1', 0, end)
    buffer = buffer.subarray(end + 4)
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    promise.catch(() => {})
    void closed.then(() => reject(new Error('the gateway closed before the body was complete')))
    body = { length: Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0), resolve }
    found(exchangeOn(socket, head, promise, closed))
    if (readBody) look()
    else socket.pause()
  }
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)])
    look()
  })
}

function exchangeOn(socket: Socket, head: string, body: Promise<string>, closed: Promise<void>): Exchange {
  const say = (bytes: string) => void socket.write(bytes)
  return {
    head,
    body,
    socket,
    closed,
    say,
    json(value) {
      const text = JSON.stringify(value)
      const length = Buffer.byteLength(text)
      say(`HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n${text}`)
    },
    beginEvents: () =>
      say('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n'),
    chunk: (text) => say(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`),
  }
}
