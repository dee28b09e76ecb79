import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerBody, progressBody } from './exchange.ts'
import { answerParent, endWhenAsked } from './messages.ts'
import type { ListeningNote } from './messages.ts'

/** An ordinary MCP server, as far as a relay can tell: it reads, parses and answers in JSON or as an event stream. */
const server = createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id: number; method: string }
    if (method === 'initialize') response.setHeader('Mcp-Session-Id', randomUUID())
    if (request.url === '/sse1') answerWithEvents(response, id, 1)
    else if (request.url === '/sse20') answerWithEvents(response, id, 20)
    else answerWithJson(response, id)
  })
})

function answerWithJson(response: ServerResponse, id: number): void {
  const body = Buffer.from(answerBody(id))
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length })
  response.end(body)
}

/** The last event is the answer; those before it are progress, each in a turn of its own as a tool would send it. */
function answerWithEvents(response: ServerResponse, id: number, events: number): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  const send = (place: number) => {
    if (place === events) return void response.end(`event: message\ndata: ${answerBody(id)}\n\n`)
    response.write(`event: message\ndata: ${progressBody(place)}\n\n`)
    setImmediate(send, place + 1)
  }
  send(1)
}

server.keepAliveTimeout = 600_000
answerParent()
endWhenAsked()
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo
  process.send?.({ listening: `http://127.0.0.1:${port}` } satisfies ListeningNote)
})
