import type { Dice } from '../isolation/load/dice.ts'
import { anyJson, written } from './request.ts'
import type { Fields, Piece } from './request.ts'

/** The credentials and names a case can use. */
export interface Cast {
  /** Whole keys by their role. */
  readonly keys: Readonly<Record<string, string>>
  readonly maxBodyBytes: number
}

export const json: Fields = [['Content-Type', 'application/json']]

export function bearer(key: string | undefined): Fields {
  return [['Authorization', `Bearer ${key ?? ''}`]]
}

/** The caller every upstream of the cast accepts. */
export function goodKey({ keys }: Cast): Fields {
  return bearer(keys['good'])
}

type Kind =
  | 'call'
  | 'notification'
  | 'events'
  | 'stream'
  | 'modern'
  | 'initialize'
  | 'batch'
  | 'page'
  | 'head'
  | 'expect'
  | 'anonymous'

const kinds: readonly Kind[] = [
  'call',
  'call',
  'call',
  'notification',
  'events',
  'stream',
  'modern',
  'initialize',
  'batch',
  'page',
  'head',
  'expect',
  'anonymous',
]

const pages = ['/healthz', '/health', '/readyz', '/metrics', '/.well-known/jwks.json']

/** A request that must be answered as it deserves, however it is cut up on its way. */
export function goodRequest(dice: Dice, canary: string, cast: Cast): Piece {
  const kind = dice.pick(kinds)
  const id = dice.pick<string | number>([dice.under(1000), canary, ''])
  const ok = { statuses: [200], reason: null, echo: canary }
  const post = (message: unknown, more: Fields, expected: Piece['expected']): Piece => {
    const target = dice.pick(['/mcp', '/mcp/code', `/mcp?x=${canary}`, '/mcp/open'])
    const request = { method: 'POST', target, fields: [...goodKey(cast), ...json, ...more] }
    const body = Buffer.from(JSON.stringify(message))
    const bytes = written({ ...request, body, chunked: dice.chance(0.3) }, dice)
    return { name: kind, bytes, head: false, expected }
  }
  const plain = (method: string, target: string, fields: Fields, expected: Piece['expected']): Piece => {
    const bytes = written({ method, target, fields, body: null, chunked: false }, dice)
    return { name: kind, bytes, head: method === 'HEAD', expected }
  }
  const params = { canary, data: anyJson(dice, 4) }
  const legacy = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'a', arguments: params } }
  switch (kind) {
    case 'call':
      return post(legacy, [['Accept', 'application/json, text/event-stream']], ok)
    case 'expect':
      return post(legacy, [['Expect', '100-continue']], ok)
    case 'notification':
      return post({ jsonrpc: '2.0', method: 'notifications/x', params }, [], {
        ...ok,
        statuses: [202],
        echo: null,
      })
    case 'events':
      return post({ jsonrpc: '2.0', id, method: 'x', params: { ...params, sse: true } }, [], ok)
    case 'initialize':
      return post({ jsonrpc: '2.0', id, method: 'initialize', params }, [], ok)
    case 'batch':
      return post([legacy, { jsonrpc: '2.0', method: 'notifications/y', params: {} }], [], ok)
    case 'modern': {
      const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
      const mirrored: Fields = [
        ['MCP-Protocol-Version', '2026-07-28'],
        ['Mcp-Method', 'tools/call'],
        ['Mcp-Name', 'a'],
        ['Mcp-Param-Canary', canary],
      ]
      return post({ ...legacy, params: { name: 'a', arguments: params, _meta } }, mirrored, ok)
    }
    case 'stream':
      return plain('GET', '/mcp', [...goodKey(cast), ['Mcp-Param-Canary', canary]], ok)
    case 'anonymous':
      return plain('GET', '/mcp/open', [['Mcp-Param-Canary', canary]], ok)
    case 'page':
      return plain('GET', dice.pick(pages), [], { ...ok, echo: null })
    case 'head':
      return plain('HEAD', dice.pick(pages), [], { ...ok, echo: null })
  }
}
