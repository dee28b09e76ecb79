import { afterAll, beforeAll, expect, it } from 'vitest'
import { mintApiKey } from '../../src/identity/api-key.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { legacyCall, modernCall, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ entry: { timeoutSeconds: 1 } })
})
afterAll(() => edge.close())

const secrets = {
  query: 'SECRET-IN-QUERY',
  code: 'oauth-code-SECRET',
  foreign: 'ghp_SECRETforeignTOKEN0123456789',
  short: 'hunter2',
  basic: Buffer.from('jane:SECRET').toString('base64'),
  jwt: 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJTRUNSRVQifQ.c2VjcmV0',
  session: 'SECRET-session-id-0123456789',
  argument: 'SECRET tool argument',
  answer: 'SECRET upstream answer',
  path: 'SECRET-path',
  host: 'secret-host.example',
  email: 'edge@example.com',
}

it('T7, T45: at debug level no flow logs a query, a credential, a session id, an argument or a person', async () => {
  const unknown = mintApiKey(systemRandom).key
  const get = (target: string, fields: Fields = []) => sendRaw(edge.port, rawRequest('GET', target, fields))
  const bearer = (token: string): Fields => [['Authorization', `Bearer ${token}`]]
  const call = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'a', arguments: { x: secrets.argument } },
  })

  await get(`/healthz?x=${secrets.query}`)
  await get(`/oauth/callback?code=${secrets.code}&state=${secrets.query}`)
  await get(`/mcp?access_token=${secrets.foreign}`)
  await get(`/mcp?x=${edge.key}`)
  await get(`/${secrets.path}`)
  await get('/healthz', [['Host', secrets.host]])
  await get('/healthz', [['Origin', `https://${secrets.host}`]])
  for (const token of [unknown, secrets.foreign, secrets.short, secrets.jwt, `${edge.key.slice(0, -1)}x`])
    await get('/mcp', bearer(token))
  await get('/mcp', [['Authorization', `Basic ${secrets.basic}`]])
  await get('/mcp', [['Authorization', secrets.foreign]])
  await get('/mcp', [...bearer(edge.key), ...bearer(secrets.foreign)])
  await edge.send(call, [['Mcp-Session-Id', secrets.session]])
  await edge.send(call.slice(0, -1))
  await edge.send(call, [['Mcp-Name', secrets.argument]])
  await edge.send(call, [
    ['Cookie', `a=${secrets.foreign}`],
    ['Content-Encoding', 'gzip'],
  ])

  // An upstream that opens a session, one that fails, one that never answers, one that answers nonsense.
  const initialize = edge.send('{"jsonrpc":"2.0","id":1,"method":"initialize"}')
  const opening = await edge.upstream.next()
  opening.say(`HTTP/1.1 200 OK\r\nMcp-Session-Id: ${secrets.session}\r\nContent-Length: 2\r\n\r\n{}`)
  expect((await initialize)?.headers.get('mcp-session-id')).toBe(secrets.session)
  for (const bytes of [
    `HTTP/1.1 500 ${secrets.answer}\r\nContent-Length: 0\r\n\r\n`,
    `${secrets.answer}\r\n\r\n`,
    '',
  ]) {
    const asked = edge.send(call, [['Mcp-Session-Id', secrets.session]])
    const exchange = await edge.upstream.next()
    if (bytes !== '') exchange.say(bytes)
    await asked
  }
  const modern = modernCall(1, secrets.argument)
  const asked = edge.send(modern.body, modern.fields)
  const exchange = await edge.upstream.next()
  exchange.beginEvents()
  exchange.chunk(`data: ${secrets.answer}`)
  exchange.socket.resetAndDestroy()
  await asked
  const redirect = edge.send(legacyCall())
  const redirecting = await edge.upstream.next()
  redirecting.say(
    `HTTP/1.1 302 x\r\nLocation: http://x/?token=${secrets.foreign}\r\nContent-Length: 0\r\n\r\n`,
  )
  await redirect

  const { logged } = edge.gateway
  expect(logged.length).toBeGreaterThan(24)
  const text = logged.join('')
  for (const line of logged) expect(line).toMatch(/^\{.*\}\n$/)
  for (const [name, secret] of [
    ...Object.entries(secrets),
    ['key', edge.key],
    ['unknown key', unknown],
  ] as const) {
    expect([name, text.toLowerCase().includes(secret.toLowerCase())]).toEqual([name, false])
  }
  expect(text).not.toMatch(/SECRET/i)
  expect(text).not.toContain(edge.key.slice(-12))
  expect(text).not.toContain('?')
  expect(text).not.toMatch(/127\.0\.0\.1(?!:\d+")/)
})

it('each request has its own id in the log, the same as in its answer', async () => {
  const answer = await sendRaw(edge.port, rawRequest('GET', '/healthz', [['X-Request-Id', 'theirs']]))
  const id = answer?.headers.get('x-request-id') ?? 'none'
  await expect.poll(() => edge.gateway.logged.filter((line) => line.includes(`"${id}"`)).length).toBe(1)
  expect(edge.gateway.logged.join('')).not.toContain('theirs')
})
