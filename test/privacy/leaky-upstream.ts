import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Canaries } from './canaries.ts'

/** How an answer of it goes, asked for in `params.do`. */
export const leakyAnswers = [
  'result',
  'tool_error',
  'stream',
  'error',
  'error_in_stream',
  'page',
  'unauthorized',
  'redirect',
  'lost_session',
  'no_http',
  'bad_field',
  'cut',
] as const
export type LeakyAnswer = (typeof leakyAnswers)[number]

export interface LeakyUpstream {
  readonly url: string
  close(): Promise<void>
}

interface Asked {
  readonly id?: unknown
  readonly method?: string
  readonly params?: { readonly do?: LeakyAnswer; readonly private?: boolean }
}

/** An upstream that has marks in everything it says: bodies, errors, fields, session ids, reason phrases, garbage. */
export async function startLeakyUpstream(canaries: Canaries): Promise<LeakyUpstream> {
  const mark = (name: string) => canaries.make(`upstream ${name}`)
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    if (request.method !== 'POST') return void response.writeHead(200).end(mark(`body of ${request.method}`))
    answerPost(JSON.parse(Buffer.concat(chunks).toString('utf8')) as Asked, response, canaries)
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.writeHead(500).end(mark('failure')))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    async close() {
      server.closeAllConnections()
      server.close()
      if (server.listening) await once(server, 'close')
    },
  }
}

function answerPost({ id, method, params }: Asked, response: ServerResponse, canaries: Canaries): void {
  const mark = (name: string) => canaries.make(`upstream ${name}`)
  const fields = {
    'X-Upstream': mark('field'),
    'Set-Cookie': `sid=${mark('cookie')}`,
    Server: mark('server'),
    ...(method === 'initialize' ? { 'Mcp-Session-Id': mark('session') } : {}),
  }
  const error = { code: -32603, message: mark('error message'), data: { why: mark('error data') } }
  const result = {
    content: [{ type: 'text', text: mark('content') }],
    structuredContent: { [mark('key')]: mark('value') },
    _meta: { 'example.com/x': mark('meta'), traceparent: mark('traceparent') },
    ...resultOf(method, params?.private === true, canaries),
  }
  const whole = { jsonrpc: '2.0', id, result }
  const json = (message: object, status = 200) => {
    response.writeHead(status, mark('reason'), { 'Content-Type': 'application/json', ...fields })
    response.end(JSON.stringify(message))
  }
  const event = (message: object) => `id: ${mark('event id')}\ndata: ${JSON.stringify(message)}\n\n`
  const stream = (last: object) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', ...fields })
    const told = { level: 'info', data: mark('log data'), logger: mark('logger') }
    response.write(`: ${mark('comment')}\n`)
    response.write(event({ jsonrpc: '2.0', method: 'notifications/message', params: told }))
    response.end(event(last))
  }
  switch (params?.do ?? 'result') {
    case 'result':
      return json(whole)
    case 'tool_error':
      return json({ ...whole, result: { ...result, isError: true } })
    case 'stream':
      return stream(whole)
    case 'error':
      return json({ jsonrpc: '2.0', id, error })
    case 'error_in_stream':
      return stream({ jsonrpc: '2.0', id, error })
    case 'page':
      response.writeHead(500, { 'Content-Type': `text/html; x=${mark('type')}`, ...fields })
      return void response.end(`<h1>${mark('page')}</h1>`)
    case 'unauthorized':
      response.writeHead(401, { 'WWW-Authenticate': `Bearer realm="${mark('realm')}"`, ...fields })
      return void response.end(mark('401'))
    case 'redirect':
      response.writeHead(307, { Location: `http://${mark('location')}.example/?token=${mark('query')}` })
      return void response.end()
    case 'lost_session':
      return json({ jsonrpc: '2.0', id, error: { ...error, code: -32001 } }, 404)
    case 'no_http':
      return void response.socket?.end(`${mark('garbage')} ${mark('more garbage')}\r\n\r\n`)
    case 'bad_field':
      return void response.socket?.end(`HTTP/1.1 200 OK\r\n${mark('a')} b: ${mark('c')}\r\n\r\n`)
    case 'cut':
      return void response.socket?.destroy()
  }
}

/** Names in a list for everybody may be told by metrics and spans: that is what registering is. */
function resultOf(method: string | undefined, isPrivate: boolean, canaries: Canaries): object {
  const kind = isPrivate ? 'private' : 'shared'
  const name = (of: string) =>
    isPrivate ? canaries.make(`private ${of}`) : canaries.make(`shared ${of}`, 'metrics', 'traces')
  const entry = (of: string) => ({
    name: name(of),
    title: canaries.make(`${kind} ${of} title`),
    description: canaries.make(`${kind} ${of} description`),
  })
  const scope = isPrivate ? { cacheScope: 'private' } : {}
  if (method === 'tools/list') return { tools: [entry('tool')], ...scope }
  if (method === 'prompts/list') return { prompts: [entry('prompt')], ...scope }
  if (method === 'initialize') {
    const serverInfo = { name: canaries.make('server name'), version: canaries.make('server version') }
    const instructions = canaries.make('instructions')
    return { protocolVersion: '2025-11-25', capabilities: {}, serverInfo, instructions }
  }
  return {}
}
