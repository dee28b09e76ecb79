import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'
import type { Reach } from '../../src/oauth/guarded-fetch.ts'
import { makeCertificates } from './certificates.ts'

/** A TLS server on loopback whose certificate names `client.test`, and the reach of a fetch that may go to it. */
export interface DocumentServer {
  readonly port: number
  /** `https://client.test:PORT` and the path. */
  url(path: string): string
  /** Answers a path from now on: JSON, or by hand. */
  serve(path: string, answer: unknown, headers?: Readonly<Record<string, string>>): void
  handle(path: string, answer: (request: IncomingMessage, response: ServerResponse) => void): void
  /** Paths that were asked, in order. */
  readonly asked: string[]
  /** TCP connections so far. */
  connections(): number
  /** Resolves every name to this server, and allows its address: what only a test may say. */
  readonly reach: Reach
  close(): void
}

export async function startDocumentServer(): Promise<DocumentServer> {
  const files = makeCertificates()
  const asked: string[] = []
  const answers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>()
  let connections = 0
  const pair = { cert: readFileSync(files.server.cert), key: readFileSync(files.server.key) }
  const server = createServer(pair, (request, response) => {
    const path = request.url ?? ''
    asked.push(path)
    const answer = answers.get(path)
    if (answer === undefined) response.writeHead(404, { 'content-type': 'application/json' }).end('{}')
    else answer(request, response)
  })
  server.on('connection', () => {
    connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const ca = readFileSync(files.ca, 'utf8')
  return {
    port,
    url: (path) => `https://client.test:${port}${path}`,
    serve(path, answer, headers = {}) {
      answers.set(path, (_, response) => {
        response
          .writeHead(200, { 'content-type': 'application/json', ...headers })
          .end(JSON.stringify(answer))
      })
    },
    handle: (path, answer) => void answers.set(path, answer),
    asked,
    connections: () => connections,
    reach: { allows: (address) => address === '127.0.0.1', lookup: resolvesTo('127.0.0.1'), ca },
    close() {
      server.close().closeAllConnections()
      files.remove()
    },
  }
}

/** A resolver that has one answer for every name: the address, or each in turn. */
export function resolvesTo(...addresses: readonly string[]): LookupFunction {
  let asked = 0
  return (_, options, callback) => {
    const address = addresses[Math.min(asked, addresses.length - 1)] ?? ''
    asked += 1
    const family = address.includes(':') ? 6 : 4
    if (options.all === true) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
}
