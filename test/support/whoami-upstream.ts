import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { JWTPayload } from 'jose'
import * as z from 'zod'

/** An MCP server on the official SDK, of both eras, with one tool: `whoami`, which says what the assertion says. */
export interface WhoamiUpstream {
  readonly url: string
  /** Names the gateway whose assertions are believed: its public URL. */
  trust(issuer: string): void
  close(): Promise<void>
}

/** Starts it on a free loopback port. Call `trust` once the gateway is up; until then nobody gets in. */
export async function startWhoamiUpstream(now: () => number = Date.now): Promise<WhoamiUpstream> {
  let verify: (token: string) => Promise<JWTPayload | null> = async () => null
  const handler = createMcpHandler(buildServer, { legacy: 'stateless' })
  const answer = toNodeHandler({
    async fetch(request) {
      const token = /^Bearer (\S+)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
      const caller = await verify(token).catch(() => null)
      if (caller === null) return new Response(null, { status: 401 })
      const authInfo = { token: '', clientId: '', scopes: [], extra: { caller } }
      return handler.fetch(request, { authInfo })
    },
  })
  const server = createServer()
  server.on('request', (request, response) => {
    // The SDK's type of a request differs from Node's in whether a property may be undefined.
    const { method = 'GET', url = '/', headers } = request
    void answer(
      { method, url, headers, [Symbol.asyncIterator]: () => request[Symbol.asyncIterator]() },
      response,
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
  return {
    url,
    trust(issuer) {
      const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`))
      verify = async (token) => {
        const demands = {
          issuer,
          audience: url,
          typ: 'sallyport-assertion+jwt',
          currentDate: new Date(now()),
        }
        return (await jwtVerify(token, keys, demands)).payload
      }
    },
    async close() {
      await handler.close()
      server.close()
      server.closeAllConnections()
    },
  }
}

function buildServer(): McpServer {
  const server = new McpServer({ name: 'whoami', version: '1.0.0' })
  const about = { description: 'Says who the gateway says you are.', inputSchema: z.object({}) }
  server.registerTool('whoami', about, (_, { http }) => {
    const {
      sub,
      workspace,
      scope,
      client_id: client,
    } = (http?.authInfo?.extra?.['caller'] ?? {}) as JWTPayload
    const caller = { sub, workspace, scope, client }
    return { content: [{ type: 'text', text: JSON.stringify(caller) }], structuredContent: caller }
  })
  return server
}
