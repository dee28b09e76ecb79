import { gzipSync } from 'node:zlib'
import type { Dice } from '../isolation/load/dice.ts'
import { anyJson, written } from './request.ts'
import type { Fields, Piece } from './request.ts'
import { bearer, goodKey, json } from './good-requests.ts'
import type { Cast } from './good-requests.ts'

/** What is different from a good call. */
interface Defect {
  readonly method?: string
  readonly target?: string
  readonly credential?: Fields
  readonly type?: Fields
  readonly more?: Fields
  readonly body?: Buffer | null
  readonly status: number
  readonly reason: string | null
}

/** A request with one known defect. It must be refused for just that, and nothing of it may go upstream. */
export function refusedRequest(dice: Dice, canary: string, cast: Cast): Piece {
  const kind = dice.pick(defects)
  const name = kind.name
  const defect = kind(dice, canary, cast)
  const { method = 'POST', target = dice.pick(['/mcp', '/mcp/code']), status, reason } = defect
  const { credential = goodKey(cast), type = json, more = [] } = defect
  const marks: Fields = [
    ['Mcp-Param-Canary', canary],
    ['User-Agent', canary],
  ]
  const body = defect.body === undefined ? callOf(canary, dice) : defect.body
  const chunked = body !== null && body.length > 0 && dice.chance(0.3)
  const bytes = written(
    { method, target, fields: [...credential, ...type, ...more, ...marks], body, chunked },
    dice,
  )
  return { name, bytes, head: method === 'HEAD', expected: { statuses: [status], reason, echo: null } }
}

function callOf(canary: string, dice: Dice): Buffer {
  const params = { name: 'a', arguments: { canary, data: anyJson(dice, 2) } }
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: canary, method: 'tools/call', params }))
}

const defects: readonly ((dice: Dice, canary: string, cast: Cast) => Defect)[] = [
  function noCredential() {
    return { credential: [], status: 401, reason: 'missing_credential' }
  },
  function uselessKey(dice, _, { keys }) {
    const [role, reason] = dice.pick([
      ['revoked', 'revoked_key'],
      ['expired', 'expired_key'],
      ['disabled', 'account_inactive'],
      ['unknown', 'unknown_key'],
    ] as const)
    return { credential: bearer(keys[role]), status: 401, reason }
  },
  function brokenCredential(dice, canary, { keys }) {
    const good = keys['good'] ?? ''
    const [value, reason] = dice.pick([
      ['Bearer', 'empty_token'],
      ['Bearer    ', 'empty_token'],
      ['', 'malformed_header'],
      [`Basic ${good}`, 'not_bearer'],
      [good, 'not_bearer'],
      [`Bearer ${canary}`, 'malformed_token'],
      [`Bearer ${good.slice(0, -1)}`, 'unknown_key'],
      [`Bearer ${good}x`, 'unknown_key'],
      [`Bearer ${good.toLowerCase()}`, 'unknown_key'],
      [`Bearer ${good} ${good}`, 'malformed_token'],
      [`Bearer ci_${canary}`, 'malformed_token'],
      ['(/)', 'malformed_header'],
    ] as const)
    return { credential: [['Authorization', value]], status: 401, reason }
  },
  function wrongPlace(dice, _, { keys }) {
    return dice.pick<Defect>([
      { target: '/mcp/scoped', status: 403, reason: 'insufficient_scope' },
      { target: '/mcp/walled', status: 403, reason: 'upstream_not_allowed' },
      { credential: bearer(keys['narrow']), status: 403, reason: 'upstream_not_allowed' },
      { target: '/mcp/own', status: 403, reason: 'upstream_needs_own_key' },
    ])
  },
  function doubled(dice, _, cast) {
    const twice = dice.pick(['Mcp-Session-Id', 'Last-Event-ID', 'Mcp-Name', 'traceparent'])
    return dice.pick<Defect>([
      { more: goodKey(cast), status: 400, reason: 'two_credentials' },
      {
        more: [
          [twice, 'http://localhost'],
          [twice, 'http://localhost'],
        ],
        status: 400,
        reason: null,
      },
    ])
  },
  function keyInQuery(dice, canary, { keys }) {
    const query = dice.pick([`access_token=${canary}`, `token=1`, `x=${keys['good']}`, `API_KEY=${canary}`])
    return { target: `/mcp?${query}`, status: 400, reason: 'credential_in_query' }
  },
  function foreignHost(dice, canary) {
    const host = dice.pick([
      'evil.example',
      '',
      '127.0.0.2',
      'localhost.evil.example',
      `${canary}.example`,
      '[::2]',
    ])
    return { more: [['Host', host]], status: 421, reason: 'host_rejected' }
  },
  function foreignOrigin(dice) {
    const origin = dice.pick(['https://evil.example', 'null', '', 'http://localhost.evil.example'])
    return { more: [['Origin', origin]], status: 403, reason: 'origin_rejected' }
  },
  function strangePath(dice, canary) {
    const target = dice.pick([
      '//mcp',
      '/./mcp',
      '/mcp/.',
      '/mcp/../mcp',
      '/MCP',
      '/mcp/',
      '/mcp/code/',
      '/mcp//code',
      '/mcp;x=1',
      '/mcp%2fcode',
      '/%6dcp',
      '/mcp%00',
      '/mcp/code%20',
      '/mcp\\code',
      '/mcp/..%2fcode',
      '/mcp/CODE',
      `/mcp/${canary}`,
      '/mcp/sse',
      `/${'a/'.repeat(2000)}mcp`,
    ])
    return { target, status: 404, reason: null }
  },
  function notAPath(dice) {
    return {
      target: dice.pick(['*', 'http://localhost/mcp', 'https://evil.example/mcp']),
      status: 400,
      reason: null,
    }
  },
  function method(dice) {
    return {
      method: dice.pick(['PUT', 'PATCH', 'HEAD', 'OPTIONS', 'PROPFIND', 'TRACE']),
      body: null,
      status: 405,
      reason: 'method_not_allowed',
    }
  },
  function bodyWhereNone(dice) {
    return { method: dice.pick(['GET', 'DELETE']), status: 400, reason: 'body_unexpected' }
  },
  function media(dice) {
    const type = dice.pick([
      [],
      [['Content-Type', 'text/plain']],
      [['Content-Type', 'application/jsonx']],
    ] as const)
    return { type, status: 415, reason: 'unsupported_media_type' }
  },
  function compressed(dice, canary) {
    const encoding = dice.pick(['gzip', 'br', 'deflate', 'identity, gzip', 'x', 'zstd'])
    const body = dice.chance(0.5) ? gzipSync(callOf(canary, dice)) : callOf(canary, dice)
    return { more: [['Content-Encoding', encoding]], body, status: 415, reason: 'content_encoding' }
  },
  function noMessage(dice, canary) {
    const call = callOf(canary, dice).toString('utf8')
    const [text, reason] = dice.pick([
      [call.slice(0, -1 - dice.under(20)), 'invalid_json'],
      [`${call}${call}`, 'invalid_json'],
      [`\ufeff${call}`, 'invalid_json'],
      ['{', 'invalid_json'],
      ['['.repeat(150), 'invalid_json'],
      ['['.repeat(20_000), 'too_deep'],
      [`'${canary}'`, 'invalid_json'],
      ['null', 'not_jsonrpc'],
      [`"${canary}"`, 'not_jsonrpc'],
      [`{"jsonrpc":"1.0","id":1,"method":"${canary}"}`, 'not_jsonrpc'],
      [`{"jsonrpc":"2.0","id":{},"method":"${canary}"}`, 'not_jsonrpc'],
      [`[[${call}]]`, 'not_jsonrpc'],
      [`[${call},1]`, 'not_jsonrpc'],
      ['[]', 'empty_batch'],
      [call.replace('"method"', '"Method":1,"method"'), 'ambiguous_key'],
      [call.replace('"id"', '"i\\u0064":1,"id"'), 'ambiguous_key'],
    ] as const)
    return { body: Buffer.from(text), status: 400, reason }
  },
  function emptyBody() {
    return { body: Buffer.alloc(0), status: 400, reason: 'body_missing' }
  },
  function notUtf8(dice, canary) {
    const call = callOf(canary, dice)
    const bad = dice.pick([[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82]])
    return { body: Buffer.concat([call, Buffer.from(bad)]), status: 400, reason: 'invalid_utf8' }
  },
  function contradiction(dice) {
    const field = dice.pick([
      ['Mcp-Method', 'tools/list'],
      ['Mcp-Name', 'b'],
      ['Mcp-Name', '=?base64?!?='],
    ] as const)
    return { more: [field], status: 400, reason: 'header_mismatch' }
  },
  function noSuchSession(dice, canary) {
    const session = dice.pick([canary, 'x', '\xe9', 'a b', `s-${canary}`, 'y'.repeat(2000)])
    return { more: [['Mcp-Session-Id', session]], status: 404, reason: 'session_unknown' }
  },
  function tooLarge(_, canary, { maxBodyBytes }) {
    const body = Buffer.from(`{"x":"${canary}${' '.repeat(maxBodyBytes)}`)
    return { body, status: 413, reason: 'body_too_large' }
  },
]
