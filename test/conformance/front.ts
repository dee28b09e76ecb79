import { once } from 'node:events'
import { Agent, createServer, request as open } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What stands before the gateway as a person's own reverse proxy would: it is where the public URL leads. */
export interface Front {
  /** Base URL without a path; known before there is anything to pass requests on to. */
  readonly url: string
  /** From now on requests go to a port of this machine, with these fields added; until then they get 503. */
  passTo(port: number, added: Readonly<Record<string, string>>): void
  close(): Promise<void>
}

/**
 * Starts a front that adds request fields, because the suite cannot send a credential. Host and Origin pass as they
 * came, so that the scenario about DNS rebinding tests the gateway's guard.
 */
export async function startFront(): Promise<Front> {
  let target: { readonly port: number; readonly added: Readonly<Record<string, string>> } | null = null
  const agent = new Agent({ keepAlive: true })
  const server = createServer((request, response) => {
    if (target === null) response.writeHead(503).end()
    else pass(request, response, target.port, { ...request.headers, ...target.added })
  })
  const pass = (
    request: IncomingMessage,
    response: ServerResponse,
    port: number,
    { connection: _ours, ...headers }: IncomingMessage['headers'],
  ) => {
    const { method, url: path } = request
    const outbound = open({ host: '127.0.0.1', port, method, path, headers, agent })
    outbound.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders)
      response.flushHeaders()
      answer.pipe(response)
      answer.on('error', () => response.destroy())
    })
    outbound.on('error', () => {
      if (response.headersSent) response.destroy()
      else response.writeHead(502).end()
    })
    response.on('close', () => {
      if (!response.writableFinished) outbound.destroy()
    })
    request.pipe(outbound)
  }
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    passTo(port, added) {
      target = { port, added }
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
      agent.destroy()
    },
  }
}
