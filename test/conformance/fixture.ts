import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import {
  localhostHostValidation,
  localhostOriginValidation,
  NodeStreamableHTTPServerTransport,
  toNodeHandler,
  toWebRequest,
} from '@modelcontextprotocol/node'
import { createMcpHandler, isInitializeRequest, isLegacyRequest } from '@modelcontextprotocol/server'
import type { McpHttpHandler } from '@modelcontextprotocol/server'
import { MemoryEventStore } from './fixture/event-store.ts'
import { buildServer } from './fixture/server.ts'
import { createTaskAnswers } from './fixture/tasks.ts'

/** An upstream that has everything the official suite's server scenarios name, in both eras at one endpoint. */
export interface Fixture {
  readonly url: string
  /** Each credential that has come with a request; '' stands for none. */
  readonly credentials: ReadonlySet<string>
  close(): Promise<void>
}

/**
 * Starts the upstream on a free loopback port: 2026-07-28 by the SDK's handler, older revisions by its transport with
 * sessions, resumable streams and DELETE. Guards Host and Origin itself, as the suite's direct run asks for.
 */
export async function startFixture(): Promise<Fixture> {
  const modern: McpHttpHandler = createMcpHandler(() => buildServer(modern.notify), { legacy: 'reject' })
  const answerModern = toNodeHandler(modern)
  const answerTask = createTaskAnswers()
  const sessions = new Map<string, NodeStreamableHTTPServerTransport>()
  const credentials = new Set<string>()
  const guards = [localhostHostValidation(), localhostOriginValidation()]

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    if (!guards.every((passes) => passes(request, response))) return
    credentials.add(request.headers.authorization ?? '')
    const body = request.method === 'POST' ? await readJson(request) : undefined
    if (body === invalid) return refuse(response, 400, -32700, 'Parse error')
    const head = headOf(request)
    if (!(await isLegacyRequest(await toWebRequest(head, body), body))) {
      const task = answerTask(request.headers, body)
      return task === null ? answerModern(head, response, body) : send(response, task.status, task.body)
    }
    const transport = await sessionOf(request, body)
    if (transport === 'unknown') return refuse(response, 404, -32001, 'Session not found')
    if (transport === 'missing') return refuse(response, 400, -32000, 'Mcp-Session-Id is missing')
    await transport.handleRequest(request, response, body)
  }

  const sessionOf = async (request: IncomingMessage, body: unknown) => {
    const id = request.headers['mcp-session-id']
    if (typeof id === 'string') return sessions.get(id) ?? 'unknown'
    if (!isInitializeRequest(body)) return 'missing'
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: new MemoryEventStore(),
      retryInterval: 500,
      onsessioninitialized: (started) => void sessions.set(started, transport),
      onsessionclosed: (ended) => void sessions.delete(ended),
    })
    await buildServer(modern.notify).connect(transport)
    return transport
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      console.error(error)
      if (response.headersSent) response.destroy()
      else refuse(response, 500, -32603, 'Internal error')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    credentials,
    async close() {
      await modern.close()
      for (const transport of sessions.values()) await transport.close()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

const invalid = Symbol('invalid')

/** A request as the SDK has it: in its type of one, unlike in Node's, no property may be undefined. */
function headOf({ method = 'GET', url = '/', headers }: IncomingMessage) {
  // The body has been read by now, and is handed over beside the head.
  return { method, url, headers, [Symbol.asyncIterator]: () => Readable.from([])[Symbol.asyncIterator]() }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  try {
    return JSON.parse(await text(request))
  } catch {
    return invalid
  }
}

function refuse(response: ServerResponse, status: number, code: number, message: string): void {
  send(response, status, { jsonrpc: '2.0', id: null, error: { code, message } })
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify(body))
}
