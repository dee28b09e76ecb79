import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { startGateway } from './gateway.ts'
import type { TestGateway } from './gateway.ts'
import { openRawConnection, rawRequest, sendRaw } from './raw-http.ts'
import type { RawAnswer, RawConnection } from './raw-http.ts'
import { startScriptedUpstream } from './scripted-upstream.ts'
import type { ScriptedUpstream } from './scripted-upstream.ts'

export type Fields = readonly (readonly [string, string])[]

/** A gateway before one scripted upstream, and one caller with a key. */
export interface Edge {
  readonly gateway: TestGateway
  readonly upstream: ScriptedUpstream
  readonly key: string
  readonly port: number
  /** A POST of the caller to `/mcp`, as bytes. */
  post(body: string, fields?: Fields): string
  /** Sends it over a connection of its own. */
  send(body: string, fields?: Fields): Promise<RawAnswer | null>
  /** Opens a connection and sends it. */
  open(body: string, fields?: Fields): Promise<RawConnection>
  /** The value of one series of `/metrics`; 0 when there is none. */
  metric(series: string): Promise<number>
  close(): Promise<void>
}

export interface EdgeOptions {
  readonly settings?: Readonly<Record<string, unknown>>
  /** More of the upstream's entry. */
  readonly entry?: Readonly<Record<string, unknown>>
  readonly readBody?: boolean
  readonly host?: ProcessFacts
}

export async function startEdge({
  settings = {},
  entry = {},
  readBody = true,
  host,
}: EdgeOptions = {}): Promise<Edge> {
  const upstream = await startScriptedUpstream({ readBody })
  const upstreams = [{ name: 'code', url: upstream.url, identity: 'none', ...entry }]
  // Limits would count the refusals that these tests ask for.
  const gateway = await startGateway({
    upstreams,
    settings: { limits: { enabled: false }, ...settings },
    ...(host === undefined ? {} : { host }),
  })
  const { key } = await gateway.createKey(await gateway.addUser('edge@example.com'))
  const { port } = gateway
  const post = (body: string, fields: Fields = []) => {
    const has = (wanted: string) => fields.some(([name]) => name.toLowerCase() === wanted)
    const typed: Fields = has('content-type') ? [] : [['Content-Type', 'application/json']]
    return rawRequest('POST', '/mcp', [['Authorization', `Bearer ${key}`], ...typed, ...fields], body)
  }
  return {
    gateway,
    upstream,
    key,
    port,
    post,
    send: (body, fields) => sendRaw(port, post(body, fields)),
    async open(body, fields) {
      const connection = await openRawConnection(port)
      connection.send(post(body, fields))
      return connection
    },
    async metric(series) {
      const answer = await sendRaw(port, rawRequest('GET', '/metrics'))
      const line = answer?.body.split('\n').find((one) => one.startsWith(`${series} `))
      return Number(line?.slice(series.length + 1) ?? 0)
    },
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

/** Why the gateway refused, in the words of either surface; null when the body is no refusal. */
export function reasonOf(answer: RawAnswer | null): string | null {
  if (answer === null || answer.body === '') return null
  const { error } = JSON.parse(answer.body) as { error?: { code?: unknown; data?: { reason?: string } } }
  const { data, code } = error ?? {}
  return data?.reason ?? (typeof code === 'string' ? code : null)
}

/** A legacy call of a tool. */
export function legacyCall(id: number | string = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'a', arguments: {} } })
}

/** A call of revision 2026-07-28, and the headers that go with it. */
export function modernCall(id: number | string = 1, name = 'a'): { body: string; fields: Fields } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const params = { name, arguments: {}, _meta }
  return {
    body: JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }),
    fields: [
      ['MCP-Protocol-Version', '2026-07-28'],
      ['Mcp-Method', 'tools/call'],
      ['Mcp-Name', name],
    ],
  }
}
