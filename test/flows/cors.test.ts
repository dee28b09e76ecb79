import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, initializeCall, toolsList } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { modernCall, reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const app = 'https://app.example.com'
let upstream: RecordingUpstream
let gateway: TestGateway
let key: string

beforeAll(async () => {
  upstream = await startRecordingUpstream({ assertion: false })
  gateway = await startGateway({
    settings: { allowedOrigins: [app, 'http://localhost:5173'], limits: { failuresPerMinute: 1 } },
    upstreams: [{ name: 'code', url: upstream.url }],
  })
  key = (await gateway.createKey(await gateway.addUser('a@example.com'))).key
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.calls.length = 0
})

const from = (origin: string | null, asked: Asked = {}) => {
  const fields = [...(asked.fields ?? []), ...(origin === null ? [] : [['Origin', origin] as const])]
  return ask(gateway.port, { ...asked, fields })
}
const preflight = (origin: string | null, path: string, method: string, headers: string, more: Asked = {}) =>
  from(origin, {
    method: 'OPTIONS',
    path,
    ...more,
    fields: [
      ['Access-Control-Request-Method', method],
      ['Access-Control-Request-Headers', headers],
      ...(more.fields ?? []),
    ],
  })
const listed = (value: string | undefined) => (value ?? '').split(', ').map((word) => word.toLowerCase())

describe('a preflight', () => {
  it.each(['/mcp', '/mcp/code'])(
    'of %s is answered before anybody is asked for a credential',
    async (path) => {
      const asked =
        'authorization, content-type, mcp-param-region, Mcp-Param-User-Id, x-evil, mcp-paramx, mcp-param-'
      const { status, headers, body } = await preflight(app, path, 'POST', asked)
      expect([status, body]).toEqual([204, ''])
      expect(headers.get('access-control-allow-origin')).toBe(app)
      expect(headers.get('access-control-allow-methods')).toBe('POST, GET, DELETE')
      expect(listed(headers.get('access-control-allow-headers'))).toEqual([
        'authorization',
        'content-type',
        'accept',
        'mcp-protocol-version',
        'mcp-method',
        'mcp-name',
        'mcp-session-id',
        'last-event-id',
        'traceparent',
        'tracestate',
        'mcp-param-region',
        'mcp-param-user-id',
      ])
      expect(headers.get('vary')).toBe('Origin')
      expect(Number(headers.get('access-control-max-age'))).toBeGreaterThan(0)
      expect(headers.has('access-control-allow-credentials')).toBe(false)
      expect(headers.get('x-request-id')).toMatch(/^req_/)
      expect(upstream.calls).toHaveLength(0)
    },
  )

  it('of an origin that is not listed is refused, and says nothing a page could read', async () => {
    for (const origin of ['https://evil.example', 'http://app.example.com', `${app}.evil.example`, 'null']) {
      const answer = await preflight(origin, '/mcp', 'POST', 'authorization')
      expect([origin, answer.status, reasonOf(answer)]).toEqual([origin, 403, 'origin_rejected'])
      expect(answer.head.toLowerCase()).not.toContain('access-control-')
      expect(answer.headers.get('vary')).toBe('Origin')
    }
  })

  it('T13: comes after the guard: with a foreign Host it is refused', async () => {
    const answer = await preflight(app, '/mcp', 'POST', 'authorization', {
      fields: [['Host', 'evil.example']],
    })
    expect([answer.status, reasonOf(answer)]).toEqual([421, 'host_rejected'])
    expect(answer.headers.has('access-control-allow-methods')).toBe(false)
  })

  it('is only what has an origin and asks for a method; any other OPTIONS is not allowed', async () => {
    expect((await preflight(null, '/mcp', 'POST', '')).status).toBe(405)
    const answer = await from(app, { method: 'OPTIONS' })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'POST, GET, DELETE'])
  })

  it('of metadata allows reading it, of a path nobody serves it is a 404', async () => {
    const keys = await preflight(app, '/.well-known/jwks.json', 'GET', '')
    expect([keys.status, keys.headers.get('access-control-allow-methods')]).toEqual([204, 'GET, HEAD'])
    expect((await preflight(app, '/nothing', 'GET', '')).status).toBe(404)
  })

  it('does not repeat more headers than anybody has', async () => {
    const many = Array.from({ length: 400 }, (_, n) => `mcp-param-${n}`).join(',')
    const { headers } = await preflight(app, '/mcp', 'POST', many)
    expect(listed(headers.get('access-control-allow-headers')).length).toBeLessThanOrEqual(60)
  })
})

describe('what a page of a listed origin can read', () => {
  const exposes = ['www-authenticate', 'mcp-session-id', 'x-request-id', 'retry-after', 'ratelimit']
  it.each<[string, number, Asked]>([
    ['an answer', 200, { body: toolsList }],
    ['the metadata', 200, { method: 'GET', path: '/.well-known/jwks.json' }],
    ['health', 200, { method: 'GET', path: '/healthz' }],
    ['a missing credential', 401, { key: null }],
    ['a refused one', 401, { key: 'sp_wrong' }],
    ['a limit', 429, { key: 'sp_wrong' }],
    ['an unknown session', 404, { session: 'unknown' }],
    ['an unknown path', 404, { path: '/nothing' }],
    ['a bad body', 400, { body: '{' }],
    ['a method that is not allowed', 405, { method: 'PUT' }],
  ])('%s (%i) with what it needs to go on', async (_, status, asked) => {
    const { headers, ...answer } = await from(app, { key, ...asked })
    expect(answer.status).toBe(status)
    expect(headers.get('access-control-allow-origin')).toBe(app)
    expect(listed(headers.get('access-control-expose-headers'))).toEqual(expect.arrayContaining(exposes))
    expect(headers.get('vary')).toBe('Origin')
    expect(headers.has('access-control-allow-credentials')).toBe(false)
  })

  it('the answer to a client that is no browser varies by origin all the same', async () => {
    const { headers } = await from(null, { key })
    expect(headers.get('vary')).toBe('Origin')
    expect(headers.has('access-control-allow-origin')).toBe(false)
  })

  it('the origin goes no further than the gateway, and the upstream has no say', async () => {
    await from(app, { key })
    expect(upstream.calls[0]?.headers).not.toHaveProperty('origin')
  })
})

describe('without allowedOrigins', () => {
  it('there is no cross-origin use at all', async () => {
    const closed = await startGateway({ upstreams: [{ name: 'code', url: upstream.url }] })
    const fields = [
      ['Origin', app],
      ['Access-Control-Request-Method', 'POST'],
    ] as const
    const answer = await ask(closed.port, { method: 'OPTIONS', fields })
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'origin_rejected'])
    const own = [['Origin', closed.url], fields[1]] as const
    const same = await ask(closed.port, { method: 'OPTIONS', fields: own })
    expect(same.status).toBe(405)
    for (const { head } of [answer, same]) expect(head.toLowerCase()).not.toMatch(/access-control-|vary/)
    await closed.close()
  })
})

/** What a browser does about a request of a page: it asks first, and hides what it was not allowed to show. */
async function browse(method: string, sent: Readonly<Record<string, string>>, body?: string) {
  const names = Object.keys(sent).map((name) => name.toLowerCase())
  const first = await preflight(app, '/mcp', method, names.join(','))
  if (first.status !== 204) throw new Error(`the preflight was answered ${first.status}`)
  const allowed = listed(first.headers.get('access-control-allow-headers'))
  for (const name of names) if (!allowed.includes(name)) throw new Error(`${name} is not allowed`)
  if (!listed(first.headers.get('access-control-allow-methods')).includes(method.toLowerCase()))
    throw new Error(`${method} is not allowed`)
  const fields = Object.entries(sent).filter(([name]) => name !== 'Content-Type')
  const answer = await from(app, { method, fields, ...(body === undefined ? {} : { body }) })
  if (answer.headers.get('access-control-allow-origin') !== app) throw new Error('a page may not read it')
  const exposed = listed(answer.headers.get('access-control-expose-headers'))
  return {
    status: answer.status,
    body: answer.body,
    header: (name: string) => (exposed.includes(name) ? answer.headers.get(name) : undefined),
  }
}

describe('a client in a browser', () => {
  const plain = () => ({ Authorization: `Bearer ${key}`, 'Content-Type': 'application/json', Accept: '*/*' })

  it('opens a session, works in it and ends it', async () => {
    const opened = await browse('POST', plain(), initializeCall())
    const session = opened.header('mcp-session-id') ?? ''
    const headers = { ...plain(), 'Mcp-Session-Id': session, 'MCP-Protocol-Version': '2025-11-25' }
    expect((await browse('POST', headers, toolsList)).status).toBe(200)
    const { Authorization } = headers
    expect((await browse('DELETE', { Authorization, 'Mcp-Session-Id': session })).status).toBe(200)
    expect((await browse('POST', headers, toolsList)).status).toBe(404)
  })

  it('makes a modern call with a parameter in a header', async () => {
    const { body, fields } = modernCall()
    const headers = { ...plain(), ...Object.fromEntries(fields), 'Mcp-Param-Region': 'eu' }
    expect((await browse('POST', headers, body)).status).toBe(200)
    expect(upstream.calls[0]?.headers['mcp-param-region']).toBe('eu')
  })

  it('reads why it was refused', async () => {
    const { status, header } = await browse('POST', { 'Content-Type': 'application/json' }, toolsList)
    const metadata = `http://localhost:${gateway.port}/.well-known/oauth-protected-resource/mcp`
    expect([status, header('www-authenticate')]).toEqual([401, `Bearer resource_metadata="${metadata}"`])
  })
})
