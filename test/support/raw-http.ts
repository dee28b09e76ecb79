import { once } from 'node:events'
import { connect } from 'node:net'

/** One answer, as its bytes said it. */
export interface RawAnswer {
  readonly status: number
  /** Names in lower case; of a repeated field all values, joined by a comma. */
  readonly headers: ReadonlyMap<string, string>
  /** Status line and fields, as they came. */
  readonly head: string
  /** Without the chunked framing. */
  readonly body: string
}

/** One TCP connection to a server. Whatever is written goes out as it is. */
export interface RawConnection {
  send(bytes: string | Buffer): void
  /**
   * The next whole answer, in the order of the requests; null when the connection ended before there was one.
   * The answer to a HEAD has no body, which only the caller knows.
   */
  next(request?: { head: boolean }): Promise<RawAnswer | null>
  /** Everything that has arrived and is not taken by `next` yet. */
  readonly pending: string
  /** Resolves once both directions are closed. */
  readonly closed: Promise<void>
  /** Says that no more will be sent. */
  end(): void
  /** Breaks it off. */
  destroy(): void
}

/** Opens a connection to a port of this machine. */
export async function openRawConnection(port: number): Promise<RawConnection> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.setNoDelay(true)
  let buffer: Buffer = Buffer.alloc(0)
  let ended = false
  const waiting: { readonly head: boolean; readonly resolve: (answer: RawAnswer | null) => void }[] = []

  const settle = () => {
    for (let first = waiting[0]; first !== undefined; first = waiting[0]) {
      const taken = takeAnswer(buffer, { noBody: first.head, ended })
      if (taken === null && !ended) return
      waiting.shift()
      if (taken !== null) buffer = buffer.subarray(taken.length)
      first.resolve(taken?.answer ?? null)
    }
  }
  socket.on('data', (chunk: Buffer) => {
    buffer = buffer.length === 0 ? chunk : Buffer.concat([buffer, chunk])
    settle()
  })
  socket.on('error', () => {})
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      ended = true
      settle()
      resolve()
    })
  })
  return {
    send: (bytes) => void socket.write(bytes),
    next: ({ head } = { head: false }) =>
      new Promise((resolve) => {
        waiting.push({ head, resolve })
        settle()
      }),
    get pending() {
      return buffer.toString('latin1')
    },
    closed,
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  }
}

/** Sends one request over a connection of its own; null when the server closed without an answer. */
export async function sendRaw(port: number, request: string | Buffer): Promise<RawAnswer | null> {
  const connection = await openRawConnection(port)
  connection.send(request)
  const answer = await connection.next({ head: request.toString('latin1').startsWith('HEAD ') })
  connection.destroy()
  return answer
}

/** Writes a request out. `Host` and, with a body, `Content-Length` are added unless the fields have them. */
export function rawRequest(
  method: string,
  target: string,
  fields: readonly (readonly [string, string])[] = [],
  body = '',
): string {
  const has = (wanted: string) => fields.some(([name]) => name.toLowerCase() === wanted)
  const all = has('host') ? [...fields] : [['Host', 'localhost'] as const, ...fields]
  if (body !== '' && !has('content-length') && !has('transfer-encoding'))
    all.push(['Content-Length', String(Buffer.byteLength(body))])
  return `${method} ${target} HTTP/1.1\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`
}

interface Taken {
  readonly answer: RawAnswer
  /** Bytes of it, framing included. */
  readonly length: number
}

function takeAnswer(buffer: Buffer, { noBody, ended }: { noBody: boolean; ended: boolean }): Taken | null {
  const headEnd = buffer.indexOf('\r\n\r\n')
  if (headEnd === -1) return null
  const head = buffer.toString('latin1', 0, headEnd)
  const [statusLine = '', ...lines] = head.split('\r\n')
  const status = Number(statusLine.split(' ')[1])
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    const known = headers.get(name)
    headers.set(name, known === undefined ? value : `${known}, ${value}`)
  }
  const start = headEnd + 4
  const whole = (body: string, length: number) => ({ answer: { status, headers, head, body }, length })
  if (noBody || status < 200 || status === 204 || status === 304) return whole('', start)
  if (headers.get('transfer-encoding') === 'chunked') {
    const chunked = takeChunks(buffer, start)
    return chunked === null ? null : whole(chunked.body, chunked.end)
  }
  const length = headers.get('content-length')
  const end = length === undefined ? buffer.length : start + Number(length)
  if (buffer.length < end || (length === undefined && !ended)) return null
  return whole(buffer.toString('utf8', start, end), end)
}

function takeChunks(buffer: Buffer, start: number): { body: string; end: number } | null {
  const parts: Buffer[] = []
  for (let place = start; ;) {
    const lineEnd = buffer.indexOf('\r\n', place)
    if (lineEnd === -1) return null
    const size = Number.parseInt(buffer.toString('latin1', place, lineEnd), 16)
    const next = lineEnd + 2 + size + 2
    if (buffer.length < next) return null
    if (size === 0) return { body: Buffer.concat(parts).toString('utf8'), end: next }
    parts.push(buffer.subarray(lineEnd + 2, lineEnd + 2 + size))
    place = next
  }
}
