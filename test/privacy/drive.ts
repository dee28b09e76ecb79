import { rawRequest, sendRaw } from '../support/raw-http.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import type { Canaries } from './canaries.ts'
import { leakyAnswers } from './leaky-upstream.ts'

export interface DriveTarget {
  readonly port: number
  readonly canaries: Canaries
  /** The key of somebody who may call. */
  readonly key: string
}

type Fields = readonly (readonly [string, string])[]
interface Ask {
  readonly path?: string
  readonly params?: object
  readonly fields?: Fields
  /** The whole `Authorization`; the key when absent, none when null. */
  readonly credential?: string | null
}

/** Sends marks in everything a client can say, to every route and in every credential's shape. */
export async function drive(target: DriveTarget): Promise<void> {
  await driveMessages(target)
  await driveCredentials(target)
  await driveHeads(target)
  await driveBodies(target)
}

async function driveMessages(target: DriveTarget): Promise<void> {
  const { port, canaries, key } = target
  const mark = (name: string) => canaries.make(name)
  const post = asking(target)
  const opened = await post('initialize', { fields: [] })
  const session = opened?.headers.get('mcp-session-id') ?? null
  if (session !== null) canaries.watch('session id', session)
  const inSession: Fields = session === null ? [] : [['Mcp-Session-Id', session]]
  for (const isPrivate of [false, true])
    for (const method of ['tools/list', 'prompts/list'])
      await post(method, { params: { private: isPrivate }, fields: inSession })
  for (const method of [
    'ping',
    'logging/setLevel',
    'completion/complete',
    'resources/list',
    'resources/subscribe',
  ])
    await post(method, { fields: inSession })
  await post(`made/${mark('method')}`)
  await post('tools/call', { params: { name: 'search' } })
  await post('tools/call', { params: { name: 'search', arguments: secretArguments(mark) } })
  for (const what of leakyAnswers) await post('tools/call', { params: { do: what } })
  await post('resources/read', { params: { uri: `file:///${mark('uri')}?token=${mark('uri query')}` } })
  await post('prompts/get', { params: { name: mark('prompt') } })
  await post('tools/call', { path: '/mcp/gone' })
  await post('tools/call', { path: '/mcp/fixed' })
  const held = rawRequest('DELETE', '/mcp', [['Authorization', `Bearer ${key}`], ...inSession])
  await sendRaw(port, held)
  await post('tools/call', { fields: inSession })
}

/** Secrets as tools are given them: none leaves, whatever is asked for. */
function secretArguments(mark: (name: string) => string) {
  return {
    password: mark('secret password'),
    nested: [{ Authorization: mark('secret header'), api_key: { deep: mark('secret key') } }],
    note: `Bearer ${mark('secret bearer')}`,
    text: `token=${mark('secret pair')}&x=1`,
    json: JSON.stringify({ client_secret: mark('secret in text') }),
    url: `https://user:${mark('secret of a URL')}@example.com/?code=${mark('secret code')}`,
  }
}

async function driveCredentials(target: DriveTarget): Promise<void> {
  const { canaries, key } = target
  const mark = (name: string) => canaries.make(name)
  const post = asking(target)
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const token = `${part({ alg: 'RS256', kid: mark('kid') })}.${part({ sub: mark('sub') })}.${mark('signature')}`
  const own = mark('own key')
  const shapes = [
    null,
    mark('bare credential'),
    `Bearer ${mark('opaque token')}`,
    `Bearer ${mark('token')} ${mark('second word')}`,
    `Bearer ${token}`,
    `Bearer sp_${mark('key id').slice(0, 12)}_${mark('key secret')}`,
    `Bearer ${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
    `Bearer sk-${mark('api key')}`,
    `Bearer ghp_${mark('forge token')}`,
    `Basic ${Buffer.from(`${mark('user')}:${mark('password')}`).toString('base64')}`,
    `Digest username="${mark('digest')}"`,
    `${mark('scheme')} ${mark('value')}`,
  ]
  for (const credential of shapes)
    for (const path of ['/mcp', '/mcp/open']) await post('ping', { credential, path })
  // Beyond the one that the limit allows.
  await post('ping', { credential: null, path: '/mcp/open' })
  const theirs = { path: '/mcp/theirs', credential: `Bearer ci_${own}` }
  await post('tools/call', theirs)
  await post('tools/call', { ...theirs, params: { do: 'unauthorized' } })
  await post('tools/call', { path: '/mcp/theirs', credential: `Bearer ${mark('not theirs')}` })
  await post('tools/call', { path: '/mcp/elsewhere' })
  await post('tools/call', { path: '/mcp/scoped' })
  for (const credential of shapes)
    if (credential !== null)
      await sendRaw(target.port, rawRequest('GET', '/metrics', [['Authorization', credential]]))
}

async function driveHeads(target: DriveTarget): Promise<void> {
  const { port, canaries, key } = target
  const mark = (name: string) => canaries.make(name)
  const bearer = ['Authorization', `Bearer ${key}`] as const
  const paths = [
    '/mcp',
    '/mcp/open',
    `/mcp/${mark('upstream name')}`,
    `/${mark('path')}`,
    `/mcp/${mark('old')}/sse`,
    `//${mark('double')}/%2e%2e/${mark('dots')}`,
    `/.well-known/oauth-protected-resource/${mark('resource')}`,
    '/.well-known/jwks.json',
    '/healthz',
    '/readyz',
    '/metrics',
    `http://${mark('authority')}.example/${mark('absolute')}`,
  ]
  const query = () => `?access_token=${mark('query token')}&${mark('query name')}=${mark('query value')}`
  for (const path of paths)
    for (const method of ['GET', 'DELETE', 'PUT', 'OPTIONS', 'HEAD']) {
      const fields = [bearer, ...ordinaryFields(canaries), ...preflightFields(canaries)]
      // A GET of an upstream stays open as a stream; the session it names is nobody's, so that it does not.
      const session = ['Mcp-Session-Id', mark('foreign session')] as const
      await sendRaw(port, rawRequest(method, `${path}${query()}`, [...fields, session]))
    }
  for (const [name, value] of [
    ['Host', `${mark('host')}.example`],
    ['Origin', `https://${mark('origin')}.example`],
    ['Content-Encoding', mark('encoding')],
    ['Content-Type', `text/${mark('content type')}`],
    ['MCP-Protocol-Version', mark('protocol version')],
    ['Mcp-Method', mark('method field')],
    ['Mcp-Session-Id', mark('session')],
    ['Expect', mark('expectation')],
    ['Transfer-Encoding', mark('transfer encoding')],
    ['Content-Length', mark('length')],
    [mark('field name'), mark('field value')],
    [`${mark('bad name')} x`, mark('bad value')],
  ] as const)
    await sendRaw(port, rawRequest('POST', '/mcp', [bearer, [name, value]], '{}'))
  await sendRaw(port, `${mark('verb').toUpperCase()} /${mark('target')} HTTP/1.1\r\n\r\n`)
  await sendRaw(port, `${mark('no request')}\r\n\r\n`)
}

async function driveBodies(target: DriveTarget): Promise<void> {
  const { port, canaries, key } = target
  const mark = (name: string) => canaries.make(name)
  const twice = mark('repeated')
  const bodies = [
    `{"jsonrpc":"2.0","id":"${mark('half id')}","method":"${mark('half method')}"`,
    mark('no json'),
    JSON.stringify([{ jsonrpc: '2.0', id: mark('batch id'), method: mark('batch method') }]),
    `{"jsonrpc":"2.0","id":"${mark('id')}","method":"ping","${twice}":1,"${twice}":2}`,
    `{"jsonrpc":"2.0","id":"${mark('id')}","id":"${mark('other id')}","method":"ping"}`,
    JSON.stringify({ jsonrpc: mark('version'), id: mark('id'), method: 'ping' }),
    JSON.stringify({ jsonrpc: '2.0', id: { [mark('id key')]: mark('id value') }, method: 'ping' }),
    JSON.stringify({ jsonrpc: '2.0', id: mark('answered'), result: { x: mark('client result') } }),
    JSON.stringify({ jsonrpc: '2.0', id: mark('failed'), error: { code: 1, message: mark('client error') } }),
    JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { reason: mark('reason') } }),
    mark('deep') + '['.repeat(5000),
  ]
  const fields = [
    ['Authorization', `Bearer ${key}`],
    ['Content-Type', 'application/json'],
  ] as const
  for (const body of bodies) await sendRaw(port, rawRequest('POST', '/mcp', fields, body))
}

/** POSTs one message with marks in its id, its parameters, its `_meta` and the fields around it. */
function asking({ port, canaries, key }: DriveTarget) {
  const mark = (name: string) => canaries.make(name)
  return (method: string, ask: Ask = {}): Promise<RawAnswer | null> => {
    const { path = '/mcp', params = {}, fields = [], credential = `Bearer ${key}` } = ask
    const info = { name: mark('client name'), title: mark('client title'), version: mark('client version') }
    const meta = {
      progressToken: mark('progress token'),
      tracestate: `v=${mark('meta tracestate')}`,
      baggage: `who=${mark('meta baggage')}`,
      'io.modelcontextprotocol/clientInfo': info,
      [`example.com/${mark('meta name')}`]: mark('meta value'),
    }
    const about = { name: mark('tool'), arguments: { [mark('argument')]: { deep: [mark('value')] } } }
    const opening = {
      protocolVersion: mark('version'),
      capabilities: { [mark('capability')]: {} },
      clientInfo: info,
    }
    const given = { ...(method === 'initialize' ? opening : about), _meta: meta, ...params }
    const body = JSON.stringify({ jsonrpc: '2.0', id: mark('id'), method, params: given })
    const head: Fields = [
      ...(credential === null ? [] : [['Authorization', credential] as const]),
      ['Content-Type', 'application/json'],
      ...ordinaryFields(canaries),
      ...fields,
    ]
    return sendRaw(port, rawRequest('POST', `${path}?key=${mark('query')}`, head, body))
  }
}

function ordinaryFields(canaries: Canaries): Fields {
  const mark = (name: string) => canaries.make(`field ${name}`)
  return [
    ['User-Agent', `${mark('User-Agent')}/1.0`],
    ['Referer', `https://${mark('Referer')}.example/`],
    ['Cookie', `session=${mark('Cookie')}`],
    ['X-API-Key', mark('X-API-Key')],
    ['Proxy-Authorization', `Basic ${Buffer.from(mark('Proxy-Authorization')).toString('base64')}`],
    ['X-Forwarded-For', mark('X-Forwarded-For')],
    ['Forwarded', `for=${mark('Forwarded')}`],
    ['X-Request-Id', mark('X-Request-Id')],
    ['Tracestate', `v=${mark('tracestate')}`],
    ['Baggage', `who=${mark('baggage')}`],
    ['Traceparent', mark('traceparent')],
    ['Last-Event-ID', mark('Last-Event-ID')],
    [`X-${mark('name')}`, mark('value')],
  ]
}

function preflightFields(canaries: Canaries): Fields {
  return [
    ['Access-Control-Request-Method', canaries.make('requested method')],
    ['Access-Control-Request-Headers', canaries.make('requested fields')],
  ]
}
