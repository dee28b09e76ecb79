import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A legacy MCP server that counts what clients leave with it. */
export interface SoakUpstream {
  readonly url: string
  /** Sessions begun and not ended. */
  readonly sessions: number
  /** The most there were at once. */
  readonly mostSessions: number
  readonly deleted: number
  /** Answers that are not over. */
  readonly open: number
  readonly sockets: number
  close(): Promise<void>
}

interface Counts {
  readonly live: Set<string>
  most: number
  deleted: number
  open: number
  begun: number
}

export async function startSoakUpstream(): Promise<SoakUpstream> {
  const counts: Counts = { live: new Set(), most: 0, deleted: 0, open: 0, begun: 0 }
  let sockets = 0
  const server = createServer({ keepAliveTimeout: 5000 }, (request, response) => {
    counts.open += 1
    response.once('close', () => (counts.open -= 1))
    void answer(request, response, counts)
  })
  server.on('connection', (socket) => {
    sockets += 1
    socket.once('close', () => (sockets -= 1))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    get sessions() {
      return counts.live.size
    },
    get mostSessions() {
      return counts.most
    },
    get deleted() {
      return counts.deleted
    },
    get open() {
      return counts.open
    },
    get sockets() {
      return sockets
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Asked {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly events?: number; readonly size?: number }
}

async function answer(request: IncomingMessage, response: ServerResponse, counts: Counts): Promise<void> {
  request.on('error', () => {})
  response.on('error', () => {})
  const chunks: Buffer[] = []
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return
  }
  const session = request.headers['mcp-session-id']?.toString()
  if (session !== undefined && !counts.live.has(session)) return void response.writeHead(404).end()
  if (request.method === 'DELETE') {
    if (session !== undefined) counts.live.delete(session)
    counts.deleted += 1
    return void response.writeHead(200, { 'Content-Length': 0 }).end()
  }
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    return void response.write('data: {"jsonrpc":"2.0","method":"notifications/message"}\n\n')
  }
  const { id, method, params } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked
  if (id === undefined) return void response.writeHead(202).end()
  const fields: Record<string, string> = {}
  if (method === 'initialize') {
    counts.begun += 1
    const made = `soak-session-${counts.begun}`
    counts.live.add(made)
    counts.most = Math.max(counts.most, counts.live.size)
    fields['Mcp-Session-Id'] = made
  }
  if (params?.events !== undefined) return sendEvents(response, id, params.events)
  const text = JSON.stringify({ jsonrpc: '2.0', id, result: { text: 'x'.repeat(params?.size ?? 10) } })
  const length = Buffer.byteLength(text)
  response
    .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length, ...fields })
    .end(text)
}

function sendEvents(response: ServerResponse, id: unknown, count: number): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' })
  let left = count
  const next = () => {
    if (response.destroyed) return
    left -= 1
    if (left < 0) return void response.end(`data: ${JSON.stringify({ jsonrpc: '2.0', id, result: {} })}\n\n`)
    const progress = { jsonrpc: '2.0', method: 'notifications/progress', params: { left } }
    response.write(`data: ${JSON.stringify(progress)}\n\n`)
    setImmediate(next)
  }
  next()
}
