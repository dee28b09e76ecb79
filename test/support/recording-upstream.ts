import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { JWTPayload, JWTVerifyGetKey } from 'jose'

/** One request as it reached the upstream. */
export interface RecordedCall {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: string
  /** What the assertion says of the caller; null when there was none, or none that is good for this upstream. */
  readonly claims: JWTPayload | null
}

/** Answers one recorded call; `echo` unless a test has its own. */
export type Respond = (call: RecordedCall, response: ServerResponse) => void

export interface RecordingUpstreamOptions {
  readonly respond?: Respond
  /** Whether a call without a good assertion gets 401, as the upstream guide demands. Default true. */
  readonly assertion?: boolean
  /** Milliseconds since the epoch by which assertions expire. */
  readonly now?: () => number
  /** Whether calls are kept in `calls`; a long load run looks at them through `respond` alone. */
  readonly keep?: boolean
}

/** A real HTTP server that verifies who is calling and writes every call down. */
export interface RecordingUpstream {
  /** The URL to configure, and the audience of its assertions. */
  readonly url: string
  readonly calls: RecordedCall[]
  /** Names the gateway whose assertions are believed: its public URL. */
  trust(issuer: string): void
  close(): Promise<void>
}

/** Starts it on a free loopback port. Call `trust` once the gateway is up. */
export async function startRecordingUpstream(
  options: RecordingUpstreamOptions = {},
): Promise<RecordingUpstream> {
  const { respond = echo, assertion = true, now = Date.now, keep = true } = options
  const calls: RecordedCall[] = []
  let verify: (token: string) => Promise<JWTPayload> = () =>
    Promise.reject(new Error('nobody is trusted yet'))
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    void record(request, verify).then((call) => {
      if (keep) calls.push(call)
      if (call.claims !== null || !assertion) return respond(call, response)
      return response.writeHead(401).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const url = `http://127.0.0.1:${port}/mcp`
  return {
    url,
    calls,
    trust(issuer) {
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
      verify = createVerify(keys, { issuer, audience: url }, now)
    },
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

/**
 * Answers what came: `{caller, body}` as the result of the request, in JSON, or as the last of three events when the
 * body asks with `params.sse`. `initialize` opens a session, GET says one event and stays open, DELETE is 200.
 */
export function echo({ method, body, claims }: RecordedCall, response: ServerResponse): void {
  if (method === 'DELETE') return void response.writeHead(200).end()
  const caller = claims === null ? null : { ...claims }
  if (method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    return void response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: { caller } }))
  }
  const message = JSON.parse(body) as { id?: unknown; method?: string; params?: { sse?: boolean } }
  if (message.id === undefined) return void response.writeHead(202).end()
  const answer = { jsonrpc: '2.0', id: message.id, result: { caller, body: message } }
  const session = message.method === 'initialize' ? { 'Mcp-Session-Id': randomUUID() } : {}
  if (message.params?.sse !== true) {
    const text = JSON.stringify(answer)
    const length = Buffer.byteLength(text)
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length, ...session })
    return void response.end(text)
  }
  response.writeHead(200, { 'Content-Type': 'text/event-stream', ...session })
  const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { caller, body: message } }
  response.write(event(progress))
  setImmediate(() => {
    response.write(event(progress))
    setImmediate(() => response.end(event(answer)))
  })
}

/** One server-sent event that carries a JSON-RPC message. */
export function event(message: object): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}

async function record(
  request: IncomingMessage,
  verify: (token: string) => Promise<JWTPayload>,
): Promise<RecordedCall> {
  const { method = '', url: path = '', headers, rawHeaders } = request
  const chunks: Buffer[] = []
  request.on('error', () => {})
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1]
  const claims = token === undefined ? null : await verify(token).catch(() => null)
  return { method, path, headers, rawHeaders, body: Buffer.concat(chunks).toString('utf8'), claims }
}

/** A token's signature is checked once, its end each time. */
function createVerify(
  keys: JWTVerifyGetKey,
  demands: { issuer: string; audience: string },
  now: () => number,
): (token: string) => Promise<JWTPayload> {
  const known = new Map<string, JWTPayload>()
  return async (token) => {
    const seen = known.get(token)
    if (seen?.exp !== undefined && seen.exp * 1000 > now()) return seen
    const { payload } = await jwtVerify(token, keys, {
      ...demands,
      typ: 'sallyport-assertion+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['sub', 'exp', 'iat', 'scope'],
      currentDate: new Date(now()),
    })
    known.set(token, payload)
    return payload
  }
}
