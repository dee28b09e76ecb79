import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../lib/clock.ts'
import type { RandomSource } from '../../lib/random.ts'
import type { Log } from '../../telemetry/log.ts'
import { ownerKey, toAuthInfo } from './caller.ts'
import type { Caller } from './caller.ts'
import { nodeListener } from './node-listener.ts'
import { createNotesServer } from './notes-server.ts'
import { openNotes } from './notes.ts'
import { OwnerEndpoint } from './owner-endpoint.ts'
import { createVerifier } from './verify-assertion.ts'

export interface SampleUpstreamOptions {
  /** The gateway's public URL. A function, because the gateway starts after its upstream. */
  readonly issuer: () => string
  /** 0, the default, takes a free one. */
  readonly port?: number
  /** The SQLite file that keeps the notes; made when missing. */
  readonly notesFile: string
  /** Milliseconds after which a session without an open stream ends; 10 minutes unless said otherwise. */
  readonly idleMs?: number
}

export interface SampleUpstreamDependencies {
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
}

export interface SampleUpstream {
  /** Where it listens, which is the audience it demands. */
  readonly url: string
  close(): Promise<void>
}

const maxBodyBytes = 65_536

/** Starts the sample MCP server on loopback. Whoever calls it shows the gateway's assertion, or gets a 401. */
export async function startSampleUpstream(
  { issuer, port = 0, notesFile, idleMs = 600_000 }: SampleUpstreamOptions,
  parts: SampleUpstreamDependencies,
): Promise<SampleUpstream> {
  const notes = openNotes(notesFile, parts)
  const endpoints = new Map<string, OwnerEndpoint>()
  const changed = (owner: Caller) => endpoints.get(ownerKey(owner))?.resourcesChanged()
  const endpointOf = (caller: Caller): OwnerEndpoint => {
    const key = ownerKey(caller)
    const known = endpoints.get(key)
    if (known !== undefined) return known
    const server = { notes, changed, log: parts.log }
    const made = new OwnerEndpoint({ ...parts, createServer: () => createNotesServer(server) })
    endpoints.set(key, made)
    return made
  }

  const server = createServer()
  const bound = await listen(server, port)
  const url = `http://127.0.0.1:${bound}/mcp`
  const verify = createVerifier({ issuer, audience: url }, parts)
  const fetch = async (request: Request): Promise<Response> => {
    if (new URL(request.url).pathname !== '/mcp') return new Response(null, { status: 404 })
    const caller = await verify(request.headers.get('authorization'))
    return caller === null ? unauthorized() : endpointOf(caller).answer(request, toAuthInfo(caller))
  }
  const onError = ({ message }: Error) => parts.log.error('the sample upstream failed', { detail: message })
  server.on('request', nodeListener(fetch, { maxBodyBytes, onError }))

  const sweeper = setInterval(
    () => {
      for (const [key, endpoint] of endpoints) {
        if (!endpoint.sweep(idleMs)) continue
        endpoints.delete(key)
        void endpoint.close()
      }
    },
    Math.min(idleMs, 60_000),
  ).unref()

  return {
    url,
    async close() {
      clearInterval(sweeper)
      await Promise.all([...endpoints.values()].map((endpoint) => endpoint.close()))
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
      notes.close()
    },
  }
}

function unauthorized(): Response {
  const error = { code: -32_001, message: "The gateway's assertion is missing or not for this server." }
  const headers = { 'www-authenticate': 'Bearer error="invalid_token"' }
  return Response.json({ jsonrpc: '2.0', error, id: null }, { status: 401, headers })
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
