import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { canariesIn } from './canary.ts'
import type { CanaryWatch } from './canary.ts'

/** A well-behaved MCP server that says back the canary of each request, and reports all it was sent. */
export interface CanaryUpstream {
  readonly url: string
  /** Requests that are not answered to their end yet. */
  readonly open: number
  close(): Promise<void>
}

export interface CanaryUpstreamOptions {
  readonly name: string
  readonly watch: CanaryWatch
  /** Whether every request must carry a credential of the gateway's making. */
  readonly assertion: boolean
  /** Whether refused requests must not arrive; false where anonymous callers may. */
  readonly guarded: boolean
}

export async function startCanaryUpstream(options: CanaryUpstreamOptions): Promise<CanaryUpstream> {
  let open = 0
  const server = createServer({ keepAliveTimeout: 5000, maxHeaderSize: 65_536 }, (request, response) => {
    open += 1
    response.once('close', () => (open -= 1))
    void answer(request, response, options)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
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

interface AskedMessage {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly sse?: boolean } | null
}

async function answer(request: IncomingMessage, response: ServerResponse, options: CanaryUpstreamOptions) {
  const chunks: Buffer[] = []
  request.on('error', () => {})
  response.on('error', () => {})
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer)
  } catch {
    return
  }
  const body = Buffer.concat(chunks).toString('utf8')
  const said = `${request.url}\n${request.rawHeaders.join('\n')}\n${body}`
  const { watch, name, assertion, guarded } = options
  if (guarded) watch.reached(name, said)
  if (!guarded && /\bsp_/.test(request.rawHeaders.join('\n'))) watch.mistakes.push(`a key reached ${name}`)
  // The farewell to an idle session is the gateway's own.
  const own = request.method === 'DELETE' && request.headers['mcp-session-id'] !== undefined
  if (!own && request.headers['x-request-id']?.toString().startsWith('req_') !== true)
    watch.mistakes.push(`a request without the gateway's id reached ${name}: ${said.slice(0, 500)}`)
  if (assertion && request.headers.authorization?.startsWith('Bearer eyJ') !== true)
    watch.mistakes.push(`a request without an assertion reached ${name}: ${said.slice(0, 500)}`)
  reply(request, response, body, canariesIn(said)[0] ?? '')
}

function reply(request: IncomingMessage, response: ServerResponse, body: string, canary: string): void {
  if (request.method === 'DELETE') return void response.writeHead(200, { 'Content-Length': 0 }).end()
  if (request.method === 'GET') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`data: ${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/message', canary })}\n\n`)
    return void setImmediate(() => response.end())
  }
  let parsed: AskedMessage | AskedMessage[]
  try {
    parsed = JSON.parse(body) as AskedMessage | AskedMessage[]
  } catch {
    return void response.writeHead(400).end()
  }
  const message = Array.isArray(parsed) ? parsed[0] : parsed
  if (message?.id === undefined || message.method === undefined) return void response.writeHead(202).end()
  const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { canary } })
  const session = message.method === 'initialize' ? { 'Mcp-Session-Id': `s-${canary}` } : {}
  if (message.params?.sse === true) {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...session })
    response.write(': welcome\n\n')
    return void setImmediate(() => response.end(`data: ${text}\n\n`))
  }
  const length = Buffer.byteLength(text)
  response
    .writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length, ...session })
    .end(text)
}
