import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** How a peer misbehaves on one path. */
export type Fault =
  | { readonly kind: 'status'; readonly status: number }
  /** Another place, which is `peer.url + '/stolen'` and would answer everything. */
  | { readonly kind: 'redirect' }
  /** Takes the request and never answers, or begins an answer and never ends it. `reached` is called then. */
  | { readonly kind: 'hang'; readonly after: 'request' | 'half of the answer'; readonly reached: () => void }
  | { readonly kind: 'huge' }
  | { readonly kind: 'reset' }
  | { readonly kind: 'text'; readonly text: string }

/** A server of another company, as far as sign-in knows it: real HTTP on a free loopback port. */
export interface PeerServer {
  readonly url: string
  /** By path; what is there holds until it is taken away. */
  readonly faults: Map<string, Fault>
  /** Requests that came in, as `METHOD PATH`. */
  readonly asked: string[]
  /** What was wrong with requests: each is answered 400 and written here. `close` throws when some are left. */
  readonly complaints: string[]
  close(): Promise<void>
}

/** One request, read whole. */
export interface PeerRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type PeerAnswer =
  | {
      readonly status: number
      readonly json?: unknown
      readonly html?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  | { readonly complaint: string }

/** Starts one whose answers a function makes. */
export async function startPeerServer(
  answer: (request: PeerRequest) => PeerAnswer | Promise<PeerAnswer>,
): Promise<PeerServer> {
  const parts = await startFaultyServer(async (request, response) => {
    const read = await readRequest(request)
    const made = await answer(read)
    if ('complaint' in made) {
      parts.complaints.push(`${read.method} ${read.path}: ${made.complaint}`)
      return send(response, 400, 'application/json', JSON.stringify({ error: 'invalid_request' }))
    }
    const [type, text] =
      made.html === undefined
        ? ['application/json', JSON.stringify(made.json ?? {})]
        : ['text/html', made.html]
    return send(response, made.status, type, text, made.headers)
  })
  return parts
}

/** Starts one whose answers a listener of its own writes, apart from the faults. */
export async function startFaultyServer(
  listener: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
): Promise<PeerServer> {
  const faults = new Map<string, Fault>()
  const asked: string[] = []
  const complaints: string[] = []
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://peer').pathname
    asked.push(`${request.method ?? ''} ${path}`)
    const fault = faults.get(path)
    if (fault !== undefined) return misbehave(fault, request, response)
    if (path === '/stolen') complaints.push('followed a redirect to /stolen')
    void listener(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    faults,
    asked,
    complaints,
    async close() {
      if (server.listening) {
        server.close()
        server.closeAllConnections()
        await once(server, 'close')
      }
      if (complaints.length > 0) throw new Error(`the peer complained:\n${complaints.splice(0).join('\n')}`)
    },
  }
}

function misbehave(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status':
      return send(response, fault.status, 'application/json', '{}')
    case 'redirect':
      return send(response, 307, 'text/html', '', { Location: '/stolen' })
    case 'reset':
      return void request.socket.destroy()
    case 'text':
      return send(response, 200, 'text/plain', fault.text)
    case 'huge':
      return send(response, 200, 'application/json', JSON.stringify({ padding: 'x'.repeat(600_000) }))
    case 'hang':
      if (fault.after === 'request') return fault.reached()
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' })
      response.write('{"access_token":', () => fault.reached())
  }
}

function send(
  response: ServerResponse,
  status: number,
  type: string,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.on('error', () => {})
  response.writeHead(status, { 'Content-Type': type, 'Content-Length': Buffer.byteLength(text), ...headers })
  response.end(text)
}

async function readRequest(request: IncomingMessage): Promise<PeerRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://peer')
  const { method = '', headers } = request
  return { method, path, query, headers, body: Buffer.concat(chunks).toString('utf8') }
}
