import {
  createMcpHandler,
  isLegacyRequest,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { AuthInfo, McpServer } from '@modelcontextprotocol/server'
import { randomBase62 } from '../../lib/base62.ts'
import type { Clock } from '../../lib/clock.ts'
import type { RandomSource } from '../../lib/random.ts'
import { Answers } from './answers.ts'
import { RecentEvents } from './recent-events.ts'

const mostEvents = 128
const mostSessions = 20

export interface OwnerEndpointParts {
  readonly clock: Clock
  readonly random: RandomSource
  readonly createServer: () => McpServer
}

interface Session {
  readonly server: McpServer
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly answers: Answers
}

/**
 * The MCP endpoint as one owner has it. Sessions and streams hang here and nowhere else, so there is nothing another
 * owner's request could reach, with whatever session id (T2, T11).
 */
export class OwnerEndpoint {
  readonly #parts: OwnerEndpointParts
  readonly #modern: ReturnType<typeof createMcpHandler>
  readonly #modernAnswers: Answers
  /** In the order of their last use. */
  readonly #sessions = new Map<string, Session>()

  constructor(parts: OwnerEndpointParts) {
    this.#parts = parts
    this.#modern = createMcpHandler(parts.createServer, { legacy: 'reject' })
    this.#modernAnswers = new Answers(parts)
  }

  /** Answers one request, whose caller has been verified, in the era it speaks. */
  async answer(request: Request, authInfo: AuthInfo): Promise<Response> {
    if (!(await isLegacyRequest(request))) {
      return this.#modernAnswers.during(request.signal, () => this.#modern.fetch(request, { authInfo }))
    }
    const id = request.headers.get('mcp-session-id')
    if (id === null) return this.#open(request, authInfo)
    const session = this.#sessions.get(id)
    if (session === undefined) return sessionUnknown()
    this.#sessions.delete(id)
    this.#sessions.set(id, session)
    return session.answers.during(request.signal, () =>
      session.transport.handleRequest(request, { authInfo }),
    )
  }

  /** Tells every stream of the owner that the list of notes is another one. */
  resourcesChanged(): void {
    this.#modern.notify.resourcesChanged()
    for (const { server } of this.#sessions.values()) server.sendResourceListChanged()
  }

  /** Ends what has been idle for `idleMs`, since clients rarely end a session (T39). True when nothing is left. */
  sweep(idleMs: number): boolean {
    for (const [id, { answers }] of this.#sessions) if (answers.idleMs >= idleMs) this.#end(id)
    return this.#sessions.size === 0 && this.#modernAnswers.idleMs >= idleMs
  }

  async close(): Promise<void> {
    for (const id of this.#sessions.keys()) this.#end(id)
    await this.#modern.close()
  }

  async #open(request: Request, authInfo: AuthInfo): Promise<Response> {
    const { createServer, random } = this.#parts
    const server = createServer()
    const answers = new Answers(this.#parts)
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomBase62(32, random),
      eventStore: new RecentEvents(mostEvents),
      retryInterval: 1000,
      onsessioninitialized: (id) => this.#keep(id, { server, transport, answers }),
      onsessionclosed: (id) => void this.#sessions.delete(id),
    })
    await server.connect(transport)
    const response = await answers.during(request.signal, () =>
      transport.handleRequest(request, { authInfo }),
    )
    // Whatever did not initialize has been refused, and leaves nothing behind.
    if (transport.sessionId === undefined) await server.close()
    return response
  }

  #keep(id: string, session: Session): void {
    const [oldest] = this.#sessions.keys()
    if (this.#sessions.size >= mostSessions && oldest !== undefined) this.#end(oldest)
    this.#sessions.set(id, session)
  }

  #end(id: string): void {
    const session = this.#sessions.get(id)
    this.#sessions.delete(id)
    void session?.server.close()
  }
}

function sessionUnknown(): Response {
  const error = { code: -32_001, message: 'Session not found' }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 404 })
}
