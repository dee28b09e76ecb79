import type { ProbeReport } from './probe.ts'

/** One request to an upstream that is asked what it speaks. */
export interface Question {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const modern = '2026-07-28'
const legacy = '2025-11-25'
const clientInfo = { name: 'sallyport-doctor', version: '1' }
const accepted = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** The handshake of 2025-11-25 and before. */
export const initialize: Question = {
  headers: accepted,
  body: rpc('initialize', { protocolVersion: legacy, capabilities: {}, clientInfo }),
}

/** What a client of 2026-07-28 asks first. */
export const discover: Question = {
  headers: { ...accepted, 'mcp-protocol-version': modern, 'mcp-method': 'server/discover' },
  body: rpc('server/discover', {
    _meta: {
      'io.modelcontextprotocol/protocolVersion': modern,
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': clientInfo,
    },
  }),
}

/** Which clients an upstream suits, by its answers to both; null when neither tells. */
export function eraReport(url: string, toInitialize: string, toDiscover: string): ProbeReport | null {
  const version = /"protocolVersion"\s*:\s*"(\d{4}-\d{2}-\d{2})"/.exec(toInitialize)?.[1]
  const speaksModern = /"supportedVersions"\s*:\s*\[[^\]]*"2026-07-28"/.test(toDiscover)
  if (version !== undefined && speaksModern)
    return { level: 'ok', what: `${url} speaks ${modern}, and ${version} to older clients` }
  if (version !== undefined)
    return { level: 'ok', what: `${url} speaks ${version}, legacy only: modern clients fall back to it` }
  if (!speaksModern) return null
  const what = `${url} speaks ${modern}, modern only: clients of ${legacy} and before cannot use it`
  return { level: 'warning', what, fix: 'let it also answer initialize, if such clients are in use' }
}

function rpc(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}
