import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { legacyCall, startEdge } from '../support/edge.ts'
import type { Edge } from '../support/edge.ts'

const megabyte = 1_048_576
const total = 200 * megabyte

let edge: Edge
beforeAll(async () => {
  edge = await startEdge()
})
afterAll(() => edge.close())

/** A client that has asked and reads nothing until told. */
async function deafClient(request: string): Promise<Socket> {
  const socket = connect(edge.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.pause()
  socket.on('error', () => {})
  socket.write(request)
  return socket
}

/** Writes as fast as the other side takes it; answers what it has taken so far. */
function pour(socket: Socket, bytes: number, framed: (block: Buffer) => Buffer) {
  const block = framed(Buffer.alloc(64 * 1024, 'data: x\n\n'))
  let left = Math.ceil(bytes / (64 * 1024))
  const push = () => {
    while (left > 0) {
      left -= 1
      if (!socket.write(block)) return void socket.once('drain', push)
    }
  }
  push()
  return { taken: () => socket.bytesWritten - socket.writableLength, done: () => left === 0 }
}

/** The bytes taken, once they have stopped growing. */
async function settled(taken: () => number): Promise<number> {
  let [last, calm] = [-1, 0]
  await expect
    .poll(
      () => {
        calm = taken() === last ? calm + 1 : 0
        last = taken()
        return calm
      },
      { interval: 50, timeout: 20_000 },
    )
    .toBeGreaterThan(10)
  return last
}

const chunked = (block: Buffer) =>
  Buffer.concat([Buffer.from(`${block.length.toString(16)}\r\n`), block, Buffer.from('\r\n')])

it.each(['text/event-stream', 'application/json'])(
  'T47: a reader that stops reading stops the upstream (%s), and nothing of it is lost',
  async (type) => {
    const client = await deafClient(edge.post(legacyCall()))
    const exchange = await edge.upstream.next()
    exchange.say(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`)
    const memory = process.memoryUsage().arrayBuffers
    const { taken, done } = pour(exchange.socket, total, chunked)
    // What lies in the buffers of two connections in the kernel, and little more.
    expect(await settled(taken)).toBeLessThan(40 * megabyte)
    expect(process.memoryUsage().arrayBuffers - memory).toBeLessThan(40 * megabyte)
    expect(done()).toBe(false)

    let read = 0
    const whole = new Promise<void>((resolve) => {
      client.on('data', (chunk) => {
        read += chunk.length
        if (read >= total) resolve()
      })
    })
    client.resume()
    await whole
    expect(done()).toBe(true)
    client.destroy()
    await exchange.closed
  },
)
