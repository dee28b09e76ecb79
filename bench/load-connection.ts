import { connect } from 'node:net'
import type { Socket } from 'node:net'

const headEnd = Buffer.from('\r\n\r\n')
const lastChunk = Buffer.from('0\r\n\r\n')

/**
 * One kept-alive HTTP/1.1 connection, written by hand so that generating load takes as little as possible of the
 * two cores everything shares. Reads just what the benchmark's answers use: a length, or chunks.
 */
export class LoadConnection {
  readonly #socket: Socket
  #received: Buffer | null = null
  #id = 0
  #answered: ((right: boolean) => void) | null = null

  static open(host: string, port: number): Promise<LoadConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port, noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new LoadConnection(socket)))
    })
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk) => this.#onData(Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk)))
    socket.on('close', () => this.#settle(false))
  }

  /** Sends one request; answers whether a 200 with the right JSON-RPC id came back. */
  ask(request: string, id: number): Promise<boolean> {
    if (this.#socket.destroyed) throw new Error('the connection was closed')
    this.#id = id
    this.#socket.write(request, 'latin1')
    return new Promise((resolve) => {
      this.#answered = resolve
    })
  }

  close(): void {
    this.#socket.destroy()
  }

  #onData(chunk: Buffer): void {
    const received = this.#received === null ? chunk : Buffer.concat([this.#received, chunk])
    const end = received.indexOf(headEnd)
    if (end === -1 || !isComplete(received, end + headEnd.length)) {
      this.#received = received
      return
    }
    this.#received = null
    const ok = received.toString('latin1', 9, 12) === '200'
    this.#settle(ok && received.includes(`"id":${this.#id},`, end, 'latin1'))
  }

  #settle(right: boolean): void {
    const answered = this.#answered
    this.#answered = null
    answered?.(right)
  }
}

function isComplete(received: Buffer, bodyAt: number): boolean {
  const head = received.toString('latin1', 0, bodyAt)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (length !== undefined) return received.length - bodyAt >= Number(length)
  return received.subarray(-lastChunk.length).equals(lastChunk)
}
