import { request as open } from 'node:http'
import { DatabaseSync } from 'node:sqlite'
import { clientFamilies } from '../../src/mcp/client-family.ts'
import { mcpMethodNames } from '../../src/mcp/method.ts'
import { protocolVersions, rpcCodes } from '../../src/telemetry/vocabulary.ts'
import { adminToken, caller, metricsToken, send } from './catalogue-scene.ts'
import type { CatalogueScene } from './catalogue-scene.ts'
import type { TestGateway } from './gateway.ts'
import { issueTokensFor } from './issued-tokens.ts'
import { sendRaw } from './raw-http.ts'

const modern = '2026-07-28'

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
  await driveTokens(scene)
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
  for (const path of ['/metrics', '/oauth/userinfo']) {
    for (const authorization of [' ', 'Basic eA==', 'Bearer', 'Bearer no=good=', 'Bearer nobody'])
      await send(port, path, { headers: { authorization } })
    await send(port, path)
  }
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

/** Access tokens of ours and of others, and every reason to refuse one. */
async function driveTokens(scene: CatalogueScene): Promise<void> {
  const { port, bearer, post, wish } = caller(scene)
  const { gateway, issuer } = scene
  const call = wish('answer')
  const refused = async (token: string) => {
    await post('/mcp', token, call)
    await send(port, '/oauth/userinfo', { headers: bearer(token) })
  }
  const tokens = await issueTokensFor(gateway)
  const user = await gateway.addUser('dan@example.com')
  const good = await tokens.issue({ user })
  await post('/mcp', good.token, call)
  await post('/mcp', good.token, call)
  const now = Math.floor(Date.now() / 1000)
  for (const wanted of [
    { claims: { exp: now - 60 } },
    { claims: { nbf: now + 600 } },
    { claims: { aud: 'https://elsewhere.example' } },
    { header: { kid: 'nobodys' } },
    { claims: { jti: 'never issued' } },
  ])
    await refused((await tokens.issue({ user, ...wanted })).token)
  await refused(await tokens.sign({ iss: gateway.url }, { alg: 'ES256', typ: 'JWT' }))
  const header = Buffer.from(JSON.stringify({ alg: 'none', typ: 'at+jwt' })).toString('base64url')
  const payload = Buffer.from(JSON.stringify({ iss: gateway.url })).toString('base64url')
  await refused(`${header}.${payload}.`)
  await tokens.addClient('waiting', 'pending')
  await refused((await tokens.issue({ user, clientId: 'waiting' })).token)
  const ended = await tokens.issue({ user, clientId: 'ended' })
  alter(gateway, "update clients set status = 'inactive' where id = 'ended'")
  await refused(ended.token)
  const unknown = await tokens.issue({ user, clientId: 'gone' })
  alter(gateway, "delete from clients where id = 'gone'")
  await refused(unknown.token)
  const claims = { iss: issuer.issuer, sub: 'eve', aud: 'mcp', exp: now + 600, iat: now, scope: '' }
  for (let count = 0; count < 2; count += 1)
    await post('/mcp', await issuer.sign({ ...claims, jti: `${count}` }), call)
  await post('/mcp', await issuer.sign({ ...claims, iss: 'https://nobody.example' }), call)
  await post('/mcp', await issuer.sign({ ...claims, iss: scene.silentIssuer }), call)
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
  const tokens = await issueTokensFor(gateway)
  const { token } = await tokens.issue({ clientId: 'robot' })
  alter(gateway, 'alter table access_tokens rename to access_tokens_away')
  await post('/mcp', token, wish('answer'))
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
