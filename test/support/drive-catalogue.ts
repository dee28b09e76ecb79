import { request as open } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { clientFamilies } from '../../src/mcp/client-family.ts'
import { mcpMethodNames } from '../../src/mcp/method.ts'
import { protocolVersions, rpcCodes } from '../../src/telemetry/vocabulary.ts'
import { startCatalogueUpstream } from './catalogue-upstream.ts'
import type { CatalogueUpstream, Wish } from './catalogue-upstream.ts'
import { sendRaw } from './raw-http.ts'
import { startGateway } from './gateway.ts'
import type { TestGateway } from './gateway.ts'

interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Leaves after so many milliseconds. */
  readonly leaveAfter?: number
}

interface Answered {
  readonly status: number
  readonly session: string | undefined
}

export const adminToken = 'admin-token-0123456789abcdef-0123456789'
const metricsToken = 'scrape-token-0123456789abcdef-0123456789'
const modern = '2026-07-28'

/** Sends one request and waits until its answer is over, or until it has left. */
export function send(port: number, path: string, sent: Sent = {}): Promise<Answered | null> {
  const { method = 'GET', headers = {}, body, leaveAfter } = sent
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body)
  const typed = text === undefined ? {} : { 'content-type': 'application/json' }
  return new Promise((resolve) => {
    const request = open({ port, host: '127.0.0.1', path, method, headers: { ...typed, ...headers } })
    request.on('error', () => resolve(null))
    request.on('response', (response) => {
      const session = response.headers['mcp-session-id']
      const answered = {
        status: response.statusCode ?? 0,
        session: session === undefined ? undefined : String(session),
      }
      response.resume()
      response.on('error', () => resolve(answered))
      response.on('close', () => resolve(answered))
    })
    request.end(text)
    if (leaveAfter !== undefined) setTimeout(() => request.destroy(), leaveAfter)
  })
}

/** The product with an upstream of each kind, and callers of each kind. */
export interface CatalogueScene {
  readonly gateway: TestGateway
  readonly upstream: CatalogueUpstream
  readonly key: string
  close(): Promise<void>
}

export async function startCatalogueScene(
  settings: Readonly<Record<string, unknown>>,
): Promise<CatalogueScene> {
  const upstream = await startCatalogueUpstream()
  const { url } = upstream
  const gateway = await startGateway({
    upstreams: [
      { name: 'code', url, default: true, timeoutSeconds: 1 },
      { name: 'open', url, auth: 'optional', identity: 'none' },
      { name: 'theirs', url, identity: 'forward-key', keyPrefix: 'ci_', workspaces: ['default'] },
      { name: 'scoped', url, scopes: ['code:read'] },
      { name: 'elsewhere', url, workspaces: ['other'] },
      { name: 'gone', url: 'http://127.0.0.1:9/mcp' },
    ],
    settings: {
      auth: { adminToken, adminOnMcp: true },
      telemetry: {
        metrics: { token: metricsToken },
        attribution: { mode: 'hash', key: 'attribution-key-0123456789abcdef-0123456789' },
        analytics: { endpoint: 'http://127.0.0.1:9' },
        // Nobody listens there: spans are made all the same.
        traces: {
          endpoint: 'http://127.0.0.1:9',
          sampleRatio: 1,
          details: true,
          arguments: true,
          clientAddress: true,
        },
      },
      ...settings,
    },
  })
  const { key } = await gateway.createKey(await gateway.addUser('ann@example.com'))
  return {
    gateway,
    upstream,
    key,
    async close() {
      await gateway.close()
      await upstream.close()
    },
  }
}

function caller(scene: CatalogueScene) {
  const { port } = scene.gateway
  const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
  const post = (path: string, token: string | null, body: unknown, more: Omit<Sent, 'body'> = {}) =>
    send(port, path, {
      method: 'POST',
      ...more,
      headers: { ...(token === null ? {} : bearer(token)), ...more.headers },
      body,
    })
  const message = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 1, method, params })
  const wish = (what: Wish, more: object = {}) =>
    message('tools/call', { name: 'search', do: what, arguments: { word: 'x' }, ...more })
  return { port, bearer, post, message, wish }
}

/** Every method, client, version and capability a client can send. */
export async function driveClients(scene: CatalogueScene): Promise<void> {
  const { post, message } = caller(scene)
  const { key } = scene
  for (const method of ['tools/list', 'prompts/list', ...mcpMethodNames, 'made/up'])
    await post('/mcp', key, message(method, { name: 'greet', uri: 'file:///notes.txt' }))
  for (const [index, family] of clientFamilies.entries()) {
    const version = protocolVersions[index % protocolVersions.length]
    const capabilities = index % 2 === 0 ? {} : { sampling: {}, elicitation: {}, roots: {}, tasks: {} }
    const clientInfo = family === 'absent' ? {} : { clientInfo: { name: family, version: '1' } }
    const params = { protocolVersion: version, capabilities, ...clientInfo }
    const opened = await post('/mcp', key, message('initialize', params))
    const headers = { 'mcp-session-id': opened?.session ?? '' }
    await post(
      '/mcp',
      key,
      { ...message('tools/list'), params: { do: index % 2 === 0 ? 'answer' : 'stream' } },
      { headers },
    )
    await post(
      '/mcp',
      key,
      message('tools/call', { name: 'search', do: index % 2 === 0 ? 'answer' : 'stream' }),
      { headers },
    )
  }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': modern,
    'io.modelcontextprotocol/clientInfo': { name: 'goose', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const headers = { 'mcp-protocol-version': modern, 'mcp-method': 'tools/list' }
  await post('/mcp', key, message('tools/list', { _meta: meta }), { headers })
}

/** Every way a message can end. */
export async function driveAnswers(scene: CatalogueScene): Promise<void> {
  const { post, wish } = caller(scene)
  const { key } = scene
  for (const what of [
    'answer',
    'stream',
    'tool_error',
    'cut',
    'cut_stream',
    'refuse',
    'redirect',
    'wait',
  ] as const)
    await post('/mcp', key, wish(what))
  for (const code of [...rpcCodes, '-1']) await post('/mcp', key, wish('code', { code: Number(code) }))
  await post('/mcp', key, wish('wait'), { leaveAfter: 200 })
  await post('/mcp', key, wish('wait_in_stream'), { leaveAfter: 200 })
  await post('/mcp', key, wish('error_in_stream'))
  await post('/mcp/gone', key, wish('answer'))
}

/** Every refusal and every kind of caller. */
export async function driveRefusals(scene: CatalogueScene): Promise<void> {
  const { port, bearer, post, wish, message } = caller(scene)
  const { key } = scene
  const call = wish('answer')
  await post('/mcp', null, call)
  for (const authorization of [
    ' ',
    '@@ x',
    'Basic eA==',
    'Bearer',
    'Bearer no=good=',
    'Bearer foreign-token',
  ])
    await post('/mcp', null, call, { headers: { authorization } })
  await post('/mcp', `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`, call)
  await refusedKeys(scene)
  await post('/mcp', adminToken, call)
  await post('/mcp/open', null, call)
  await post('/mcp/theirs', 'ci_their-own-key', call)
  await post('/mcp/theirs', 'ci_their-own-key', wish('refuse'))
  await post('/mcp/theirs', key, call)
  await post('/mcp/scoped', key, call)
  await post('/mcp/elsewhere', key, call)
  await post('/mcp', key, call, { headers: { 'mcp-session-id': 'nobodys' } })
  await post('/mcp', key, call, { headers: { 'mcp-method': 'tools/list', 'mcp-protocol-version': modern } })
  for (const path of ['/mcp', '/metrics', '/.well-known/jwks.json', '/healthz', '/nowhere']) {
    await send(port, path, { headers: { host: 'evil.example' } })
    await send(port, path, { headers: { origin: 'https://evil.example' } })
  }
  await sendRaw(port, 'GET /mcp HTTP/1.0\r\nHost: evil.example\r\n\r\n')
  await post('/mcp', key, 'no json')
  await post('/mcp', key, '[1]')
  await post('/mcp', key, '[]')
  await post('/mcp', key, `${'['.repeat(5000)}${']'.repeat(5000)}`)
  await post(
    '/mcp',
    key,
    Array.from({ length: 2000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
  )
  await post('/mcp', key, '')
  await post('/mcp', key, '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}')
  await post('/mcp', key, 'x'.repeat(5_000_000))
  await post('/mcp', key, call, { headers: { 'content-encoding': 'gzip' } })
  await post('/mcp', key, call, { headers: { 'content-type': 'text/plain' } })
  const invalid = { 'content-type': 'application/json', ...bearer(key) }
  await sendBytes(port, '/mcp', invalid, Buffer.from([0x22, 0xff, 0x22]))
  await send(port, '/mcp', { method: 'GET', headers: { ...bearer(key), 'content-length': '1' }, body: 'x' })
  for (const method of ['HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PURGE'])
    await send(port, '/healthz', { method })
  for (const authorization of [' ', 'Basic eA==', 'Bearer', 'Bearer no=good=', 'Bearer nobody'])
    await send(port, '/metrics', { headers: { authorization } })
  await send(port, '/metrics')
  await send(port, '/metrics', { headers: bearer(metricsToken) })
  const opened = await post('/mcp', key, message('initialize'))
  const session = { 'mcp-session-id': opened?.session ?? '' }
  await post('/mcp', key, wish('forget'), { headers: session })
  const again = await post('/mcp', key, message('initialize'))
  const headers = { ...bearer(key), 'mcp-session-id': again?.session ?? '' }
  await send(port, '/mcp', { method: 'DELETE', headers })
}

async function refusedKeys(scene: CatalogueScene): Promise<void> {
  const { post, wish } = caller(scene)
  const { gateway } = scene
  const { store } = gateway
  const actor = { kind: 'admin', id: null } as const
  const user = await gateway.addUser('bob@example.com')
  const revoked = await gateway.createKey(user)
  await store.apiKeys.revoke(revoked.id, 1, {}, actor)
  await post('/mcp', revoked.key, wish('answer'))
  const expired = await gateway.createKey(user, { expiresInDays: 1 })
  alter(gateway, `update api_keys set expires_at = 1 where id = '${expired.id}'`)
  await post('/mcp', expired.key, wish('answer'))
  const left = await gateway.createKey(user)
  await store.users.setDisabled(user.id, 1, 1, actor)
  await post('/mcp', left.key, wish('answer'))
}

/** Takes the tables away one by one, as a store that fails would. */
export async function driveStoreFailures(scene: CatalogueScene): Promise<void> {
  const { port, bearer, post, message, wish } = caller(scene)
  const { gateway, upstream, key } = scene
  const unused = await gateway.createKey(await gateway.addUser('cleo@example.com'))
  const opened = await post('/mcp', key, message('initialize'))
  const headers = { 'mcp-session-id': opened?.session ?? '' }
  upstream.onDelete = () => alter(gateway, 'alter table mcp_sessions rename to mcp_sessions_away')
  await send(port, '/mcp', { method: 'DELETE', headers: { ...bearer(key), ...headers } })
  await post('/mcp', key, wish('answer'), { headers: { 'mcp-session-id': 'any' } })
  await post('/mcp', key, message('initialize'))
  alter(gateway, 'alter table api_keys rename to api_keys_away')
  await post('/mcp', unused.key, wish('answer'))
  await new Promise((resolve) => setTimeout(resolve, 1500))
}

function alter({ location }: TestGateway, statement: string): void {
  const database = new DatabaseSync(location.replace('sqlite:', ''))
  database.exec(`pragma busy_timeout = 5000; ${statement}`)
  database.close()
}

function sendBytes(port: number, path: string, headers: Record<string, string>, body: Buffer): Promise<void> {
  return new Promise((resolve) => {
    const request = open({ port, host: '127.0.0.1', path, method: 'POST', headers }, (response) => {
      response.resume().on('close', resolve)
    })
    request.on('error', () => resolve())
    request.end(body)
  })
}
