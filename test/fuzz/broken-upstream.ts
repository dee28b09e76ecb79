import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { createDice } from '../isolation/load/dice.ts'
import { actsOf } from './broken-answers.ts'
import type { Act } from './broken-answers.ts'
import { scriptIn } from './broken-requests.ts'

export interface BrokenUpstream {
  readonly url: string
  readonly sockets: number
  close(): Promise<void>
}

/** A TCP server that answers each request by the script it names. */
export async function startBrokenUpstream(): Promise<BrokenUpstream> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    serveScripts(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    get sockets() {
      return sockets.size
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function serveScripts(socket: Socket): void {
  let buffer = ''
  socket.setEncoding('latin1')
  socket.on('data', (text) => {
    buffer += text.toString()
    const end = buffer.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = Number(/^content-length: (\d+)/im.exec(buffer.slice(0, end))?.[1] ?? 0)
    if (buffer.length < end + 4 + length) return
    const script = scriptIn(buffer.slice(0, end))
    buffer = buffer.slice(end + 4 + length)
    if (script === null) return void socket.end('HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n')
    void play(socket, actsOf(script.kind, createDice(script.seed)))
  })
}

async function play(socket: Socket, acts: readonly Act[]): Promise<void> {
  for (const act of acts) {
    if (socket.destroyed || act === 'hang') return
    if (act === 'pause') await new Promise((resolve) => setImmediate(resolve))
    else if (act === 'end') return void socket.end()
    else if (act === 'reset') return void socket.resetAndDestroy()
    else socket.write(act.say)
  }
}
