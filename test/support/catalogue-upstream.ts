import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { event } from './recording-upstream.ts'

/** What a request may ask this upstream to do, in `params.do`. */
export type Wish =
  | 'answer'
  | 'stream'
  | 'tool_error'
  | 'wait'
  | 'wait_in_stream'
  | 'cut'
  | 'cut_stream'
  | 'refuse'
  | 'redirect'
  | 'forget'
  | 'code'
  | 'error_in_stream'

export interface CatalogueUpstream {
  readonly url: string
  /** Called when a session is deleted, before the answer. */
  onDelete: () => void
  close(): Promise<void>
}

interface Asked {
  readonly id?: number
  readonly method?: string
  readonly params?: { readonly do?: Wish; readonly code?: number }
}

/** An upstream that answers as each request wishes: every way an answer can go, over real HTTP. */
export async function startCatalogueUpstream(): Promise<CatalogueUpstream> {
  let sessions = 0
  const upstream = { onDelete: () => {} }
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (request.method === 'DELETE') {
      upstream.onDelete()
      return void response.writeHead(200).end()
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const asked = JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked
    const opened = asked.method === 'initialize' ? { 'Mcp-Session-Id': `session-${(sessions += 1)}` } : {}
    fulfil(asked, response, opened)
  }
  const server = createServer((request, response) => void answer(request, response).catch(() => {}))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return Object.assign(upstream, {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  })
}

const tools = [{ name: 'search', inputSchema: { type: 'object' } }]
const prompts = [{ name: 'greet' }]

function fulfil(
  { id, method, params }: Asked,
  response: ServerResponse,
  fields: Record<string, string>,
): void {
  if (id === undefined) return void response.writeHead(202).end()
  const result =
    method === 'tools/list' ? { tools } : method === 'prompts/list' ? { prompts } : { content: [] }
  const whole = { jsonrpc: '2.0', id, result }
  const json = (message: object, status = 200) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...fields })
    response.end(JSON.stringify(message))
  }
  const stream = () => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...fields })
    response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: {} }))
  }
  switch (params?.do ?? 'answer') {
    case 'answer':
      return json(whole)
    case 'stream':
      stream()
      return void response.end(event(whole))
    case 'tool_error':
      return json({ ...whole, result: { content: [], isError: true } })
    case 'code':
      return json({ jsonrpc: '2.0', id, error: { code: params?.code, message: 'no' } })
    case 'wait':
      return
    case 'wait_in_stream':
      return stream()
    case 'error_in_stream':
      stream()
      return void response.end(event({ ...whole, result: { content: [], isError: true } }))
    case 'cut':
      return void response.socket?.destroy()
    case 'cut_stream':
      stream()
      return void setTimeout(() => response.socket?.destroy(), 50)
    case 'refuse':
      return json({ error: 'no' }, 401)
    case 'redirect':
      response.writeHead(302, { Location: '/elsewhere' })
      return void response.end()
    case 'forget':
      return json({ jsonrpc: '2.0', id, error: { code: -32001, message: 'Session not found' } }, 404)
  }
}
