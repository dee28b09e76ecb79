import type { Fields } from './edge.ts'
import { rawRequest, sendRaw } from './raw-http.ts'
import type { RawAnswer } from './raw-http.ts'

/** One request of a client. What is not said: POST of `tools/list` to `/mcp`, without a credential. */
export interface Asked {
  readonly method?: string
  readonly path?: string
  readonly key?: string | null
  readonly session?: string | null
  readonly fields?: Fields
  readonly body?: string
}

export const toolsList = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'

/** The request as bytes. */
export function asBytes(asked: Asked): string {
  const { method = 'POST', path = '/mcp', key = null, session = null, fields = [] } = asked
  const body = asked.body ?? (method === 'POST' ? toolsList : '')
  const all: (readonly [string, string])[] = [...fields]
  if (body !== '') all.push(['Content-Type', 'application/json'])
  if (key !== null) all.push(['Authorization', `Bearer ${key}`])
  if (session !== null) all.push(['Mcp-Session-Id', session])
  return rawRequest(method, path, all, body)
}

/** Sends it over a connection of its own; throws when there is no answer. */
export async function ask(port: number, asked: Asked = {}): Promise<RawAnswer> {
  const answer = await sendRaw(port, asBytes(asked))
  if (answer === null) throw new Error(`no answer to ${asked.method ?? 'POST'} ${asked.path ?? '/mcp'}`)
  return answer
}

/** A legacy call of `initialize`. */
export function initializeCall(protocolVersion = '2025-11-25'): string {
  const clientInfo = { name: 'sallyport-tests', version: '1.0.0' }
  const params = { protocolVersion, capabilities: {}, clientInfo }
  return JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params })
}

/** Opens a legacy session and answers its id. */
export async function openSession(port: number, key: string | null, path = '/mcp'): Promise<string> {
  const { status, headers, body } = await ask(port, { path, key, body: initializeCall() })
  const id = headers.get('mcp-session-id')
  if (status !== 200 || id === undefined) throw new Error(`no session: ${status} ${body}`)
  return id
}

/** The value of one series of `/metrics`; 0 when there is none. */
export async function seriesValue(port: number, series: string, key: string | null = null): Promise<number> {
  const { status, body } = await ask(port, { method: 'GET', path: '/metrics', key })
  if (status !== 200) throw new Error(`/metrics answers ${status}`)
  const line = body.split('\n').find((one) => one.startsWith(`${series} `))
  return Number(line?.slice(series.length + 1) ?? 0)
}
