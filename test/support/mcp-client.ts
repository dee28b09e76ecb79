import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import type { RequestOptions } from '@modelcontextprotocol/client'

/** How a client of the official SDK finds the era: 2025 handshake, probing, or 2026-07-28 and nothing else. */
export const clientModes = ['legacy', 'auto', 'pinned'] as const
export type ClientMode = (typeof clientModes)[number]

export interface ConnectedClient {
  readonly client: Client
  readonly transport: StreamableHTTPClientTransport
  /** Calls a tool and answers what it said; throws when it said that it failed. */
  readonly call: (name: string, input?: Record<string, unknown>, options?: RequestOptions) => Promise<unknown>
  /** Resolves once the GET stream of a legacy session is open. */
  readonly streaming: Promise<void>
  close(): Promise<void>
}

/** Connects the official client to an MCP endpoint with one API key. */
export async function connectClient(url: string, apiKey: string, mode: ClientMode): Promise<ConnectedClient> {
  const client = new Client(
    { name: 'sallyport-tests', version: '1.0.0' },
    { versionNegotiation: { mode: mode === 'pinned' ? { pin: '2026-07-28' } : mode } },
  )
  const streaming = Promise.withResolvers<void>()
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { Authorization: `Bearer ${apiKey}` } },
    fetch: async (target, init) => {
      const response = await fetch(target, init)
      if (init?.method === 'GET' && response.ok) streaming.resolve()
      return response
    },
  })
  await client.connect(transport)
  return {
    client,
    transport,
    async call(name, input = {}, options) {
      const result = await client.callTool({ name, arguments: input }, options)
      if (result.isError === true) throw new Error(JSON.stringify(result.content))
      return result.structuredContent
    },
    streaming: streaming.promise,
    async close() {
      if (mode === 'legacy') await transport.terminateSession()
      await client.close()
    },
  }
}
