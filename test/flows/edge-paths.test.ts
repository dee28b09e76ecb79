import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { legacyCall, modernCall, reasonOf, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({ entry: { scopes: ['code:read'] } })
})
afterAll(() => edge.close())

const metricsPage = async () => (await sendRaw(edge.port, rawRequest('GET', '/metrics')))?.body ?? ''
const routesSeen = async () =>
  new Set([...(await metricsPage()).matchAll(/route="([^"]*)"/g)].map(([, name]) => name))
const withKey = (method: string, target: string) =>
  sendRaw(
    edge.port,
    rawRequest(
      method,
      target,
      [
        ['Authorization', `Bearer ${edge.key}`],
        ['Content-Type', 'application/json'],
      ],
      method === 'POST' ? legacyCall() : '',
    ),
  )

describe('T15: a path that is merely like one of ours is not it', () => {
  it.each([
    '/mcpfoo',
    '/mcp/',
    '/mcp/code/',
    '//mcp',
    '/./mcp',
    '/MCP',
    '/Mcp/code',
    '/mcp/CODE',
    '/%6dcp',
    '/mcp%2Fcode',
    '/mcp/%63ode',
    '/mcp/../mcp',
    '/mcp/code/../code',
    '/mcp/code/..',
    '/mcp;x',
    '/mcp%00',
    '/mcp/code%20',
    '/mcp//code',
    '/mcp\\code',
    '/healthz/',
    '/healthzz',
    '/Healthz',
    '/readyz/x',
    '/metrics/',
    '/METRICS',
    '/.well-known/jwks.json/',
    '/.well-known/JWKS.json',
    '/.well-known',
    '/',
    '//',
    `/${'a'.repeat(8000)}`,
    '/mcp/a.b',
    '/mcp/code/tools',
    '/mcp/constructor/x',
    '/__proto__',
  ])('%s is 404', async (target) => {
    for (const method of ['GET', 'POST']) {
      const answer = await withKey(method, target)
      expect([answer?.status, reasonOf(answer)]).toEqual([404, 'not_found'])
    }
    expect(edge.upstream.count).toBe(0)
  })

  it.each(['/mcp/other', '/mcp/__proto__', '/mcp/constructor'])('%s names no upstream', async (target) => {
    const answer = await withKey('POST', target)
    expect([answer?.status, reasonOf(answer)]).toEqual([404, 'upstream_unknown'])
  })

  it.each([
    '*',
    'http://localhost/mcp',
    'http://localhost',
    'https://evil.example/mcp',
    'mcp',
    'localhost:80',
  ])('the target %s is a 400', async (target) => {
    for (const method of ['GET', 'POST', 'OPTIONS']) expect((await withKey(method, target))?.status).toBe(400)
    expect(edge.upstream.count).toBe(0)
  })

  it('a query changes nothing about the path', async () => {
    expect((await withKey('GET', '/healthz?x=/mcp'))?.status).toBe(200)
    expect((await withKey('GET', '/healthz?'))?.status).toBe(200)
    expect((await withKey('GET', '/nothing?/healthz'))?.status).toBe(404)
  })

  it('a head that is too large is a 431, and the connection ends', async () => {
    const answer = await withKey('GET', `/${'a'.repeat(20_000)}`)
    expect([answer?.status, answer?.headers.get('connection')]).toEqual([431, 'close'])
  })
})

describe('the root', () => {
  const look = (method: string, accept: string | null) =>
    sendRaw(
      edge.port,
      rawRequest(
        method,
        '/',
        accept === null ? [] : [['Accept', accept]],
        method === 'POST' ? legacyCall() : '',
      ),
    )

  it.each(['text/html', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/*'])(
    'leads a browser that asks for %s to the account',
    async (accept) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await look(method, accept)
        expect([answer?.status, answer?.headers.get('location')]).toEqual([303, '/account'])
        expect(answer?.headers.get('cache-control')).toBe('no-store')
      }
    },
  )

  it.each([null, '*/*', 'application/json', 'application/json, text/event-stream', 'text/html;q=0'])(
    'is nothing to a program that asks for %s',
    async (accept) => {
      const answer = await look('GET', accept)
      expect([answer?.status, reasonOf(answer)]).toEqual([404, 'not_found'])
      expect(answer?.headers.get('content-type')).toBe('application/json')
    },
  )

  it('is nothing to whoever sends something, a browser too', async () => {
    for (const method of ['POST', 'PUT', 'DELETE'])
      expect((await look(method, 'text/html'))?.status).toBe(404)
  })
})

describe('T30: labels stay a closed set', () => {
  it('no path and no raw verb ever becomes a label', async () => {
    for (const path of ['/secret-path-1', '/mcp/secret-name', '/mcp/SECRET', '/%73ecret'])
      await withKey('GET', path)
    for (const verb of ['PROPFIND', 'M-SEARCH', 'LOCK', 'QUERY', 'PURGE', 'TRACE'])
      expect([405, 404]).toContain((await withKey(verb, '/healthz'))?.status)
    const page = await metricsPage()
    expect(page).not.toMatch(/secret/i)
    const routes = await routesSeen()
    for (const route of routes)
      expect([
        '/mcp',
        '/mcp/{upstream}',
        '/healthz',
        '/health',
        '/readyz',
        '/metrics',
        '/.well-known/jwks.json',
        '/',
        'unknown',
        'other',
      ]).toContain(route)
    expect(routes.has('unknown')).toBe(true)
    const methods = new Set([...page.matchAll(/,method="([^"]*)"/g)].map(([, name]) => name))
    expect(methods.has('other')).toBe(true)
    for (const method of methods)
      expect(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other']).toContain(method)
    expect(page).toContain('sallyport_telemetry_refused_values_total{signal="http_request_ended"} 0')
  })

  it('nothing is in flight once everything is answered, but the question itself', async () => {
    const inFlight = [
      ...(await metricsPage()).matchAll(/^sallyport_requests_in_flight\{route="([^"]*)"\} (.*)$/gm),
    ]
    for (const [, route, value] of inFlight)
      expect([route, value]).toEqual([route, route === '/metrics' ? '1' : '0'])
  })
})

describe('a method that is not served', () => {
  it.each([
    ['PUT', '/mcp', 'POST, GET, DELETE'],
    ['HEAD', '/mcp', 'POST, GET, DELETE'],
    ['OPTIONS', '/mcp/code', 'POST, GET, DELETE'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
  ])('%s %s is 405 and says what is', async (method, path, allow) => {
    const answer = await withKey(method, path)
    expect([answer?.status, answer?.headers.get('allow')]).toEqual([405, allow])
  })

  it('HEAD answers the head of GET, without a body', async () => {
    const [head, get] = [await withKey('HEAD', '/healthz'), await withKey('GET', '/healthz')]
    expect([head?.status, head?.headers.get('content-length')]).toEqual([200, String(get?.body.length)])
  })
})

describe('T14: each 403 and 4xx has its own reason, in the answer and in the numbers', () => {
  const refusals: readonly (readonly [string, number, Fields])[] = [
    ['origin_rejected', 403, [['Origin', 'https://evil.example']]],
    ['insufficient_scope', 403, [['Mcp-Session-Id', 'somebody-elses']]],
    ['header_mismatch', 400, [['Mcp-Method', 'other']]],
    ['two_credentials', 400, [['Authorization', 'Bearer sp_x']]],
    ['host_rejected', 421, [['Host', 'evil.example']]],
  ]
  it.each(refusals)('%s', async (reason, status, fields) => {
    const series = (one: string) => `sallyport_auth_rejected_total{reason="${one}",surface="mcp"}`
    const others = ['origin_rejected', 'insufficient_scope', 'upstream_not_allowed', 'host_rejected']
    const before = await Promise.all(others.map((one) => edge.metric(series(one))))
    const answer = await edge.send(legacyCall(), fields)
    expect([answer?.status, reasonOf(answer)]).toEqual([status, reason])
    const after = await Promise.all(others.map((one) => edge.metric(series(one))))
    const grown = others.filter((_, place) => after[place] !== before[place])
    expect(grown).toEqual(others.includes(reason) ? [reason] : [])
    expect(edge.upstream.count).toBe(0)
  })

  it("an upstream's own 403 is relayed and counts as nobody's rejection", async () => {
    const open = await startEdge()
    try {
      const { body, fields } = modernCall()
      const asked = open.send(body, fields)
      const exchange = await open.upstream.next()
      exchange.say('HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nnope!')
      const answer = await asked
      expect([answer?.status, answer?.body]).toEqual([403, 'nope!'])
      const page = (await sendRaw(open.port, rawRequest('GET', '/metrics')))?.body ?? ''
      for (const line of page.split('\n'))
        if (line.startsWith('sallyport_auth_rejected_total{')) expect(line).toMatch(/ 0$/)
    } finally {
      await open.close()
    }
  })
})
