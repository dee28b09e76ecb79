import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'

/** A wire to a server of this machine that keeps every byte the product sends through it. */
export interface Tap {
  /** The target's URL, by way of the tap. */
  readonly url: string
  bytes(): Buffer
  close(): Promise<void>
}

export async function startTap(target: string): Promise<Tap> {
  const chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  const to = new URL(target)
  const server = createServer((socket) => {
    const onward = connect(Number(to.port), to.hostname)
    for (const end of [socket, onward]) {
      sockets.add(end)
      end.on('error', () => {}).once('close', () => sockets.delete(end))
    }
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.pipe(onward).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const url = new URL(target)
  url.port = String(address !== null && typeof address === 'object' ? address.port : 0)
  return {
    url: url.href.replace(/\/$/, ''),
    bytes: () => Buffer.concat(chunks),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}
