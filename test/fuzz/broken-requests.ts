import type { Dice } from '../isolation/load/dice.ts'
import { goodKey, json } from './good-requests.ts'
import type { Cast } from './good-requests.ts'
import { written } from './request.ts'
import type { Fields, Piece } from './request.ts'

const script = /script-(\d+)-(\d+)-y/

/** A call that names the script by which the broken upstream answers it. */
export function scriptedRequest(dice: Dice, canary: string, cast: Cast): Piece {
  const name = `script-${dice.under(1_000_000)}-${dice.under(2 ** 31)}-y`
  const marks: Fields = [...goodKey(cast), ['User-Agent', `${canary} ${name}`]]
  const expected = { statuses: [], reason: null, echo: null }
  if (dice.chance(0.15)) {
    const request = { method: 'GET', target: '/mcp/broken', fields: marks, body: null, chunked: false }
    return { name, bytes: written(request, dice), head: false, expected }
  }
  const modern = dice.chance(0.4)
  const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
  const params = { name: 'a', arguments: {}, ...(modern ? { _meta } : {}) }
  const message = { jsonrpc: '2.0', id: canary, method: dice.pick(['tools/call', 'initialize']), params }
  const request = { method: 'POST', target: '/mcp/broken', fields: [...marks, ...json] }
  const body = Buffer.from(JSON.stringify(message))
  return { name, bytes: written({ ...request, body, chunked: false }, dice), head: false, expected }
}

/** Kind and seed of the script a request asks for. */
export function scriptIn(head: string): { readonly kind: number; readonly seed: number } | null {
  const [, kind, seed] = script.exec(head) ?? []
  return kind === undefined ? null : { kind: Number(kind), seed: Number(seed) }
}
