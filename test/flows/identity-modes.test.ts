import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, openSession, seriesValue, toolsList } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { echo, startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordedCall, RecordingUpstream } from '../support/recording-upstream.ts'

const adminToken = 'admin-token-for-tests-0123456789abcdefghij'
const serviceKey = 'service-credential-0123456789'
const [firstKey, secondKey] = ['ci_firstExternalKey0123', 'ci_secondExternalKey456']
let upstream: RecordingUpstream
let gateway: TestGateway
let ownKey: string
let other: { key: string; email: string }

beforeAll(async () => {
  upstream = await startRecordingUpstream({ assertion: false, respond: judgeKeys })
  const { url } = upstream
  gateway = await startGateway({
    settings: {
      auth: { adminToken, adminOnMcp: true },
      limits: { failuresPerMinute: 1_000_000 },
    },
    upstreams: [
      { name: 'keys', url, identity: 'forward-key', keyPrefix: 'ci_' },
      { name: 'more', url, identity: 'forward-key', keyPrefix: 'ci_', workspaces: ['west'] },
      { name: 'shared', url, identity: 'static', static: { header: 'X-Service-Key', value: serviceKey } },
      { name: 'bearer', url, identity: 'static', static: { value: `Bearer ${serviceKey}` } },
      { name: 'plain', url, identity: 'none' },
      { name: 'told', url, default: true },
    ],
  })
  upstream.trust(gateway.url)
  ownKey = (await gateway.createKey(await gateway.addUser('alice@example.com'))).key
  other = { ...(await gateway.createKey(await gateway.addUser('bob@example.com'))), email: 'bob@example.com' }
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.calls.length = 0
})

/** Keys that the backend has stopped taking. */
const retired = new Set<string>()

/** The backend knows two keys; a wrong one gets its own kind of 401. */
function judgeKeys(call: RecordedCall, response: ServerResponse): void {
  const key = call.headers.authorization?.slice('Bearer '.length) ?? ''
  if (!key.startsWith('ci_wrong') && !retired.has(key)) return echo(call, response)
  const fields = {
    'WWW-Authenticate': 'Bearer realm="backend", error="invalid_token"',
    'X-Backend': 'secret',
  }
  return void response.writeHead(401, fields).end('{"detail":"no such key"}')
}
const call = (path: string, key: string | null, more: Asked = {}) =>
  ask(gateway.port, { path: `/mcp/${path}`, key, ...more })
const rejected = (reason: string) =>
  seriesValue(gateway.port, `sallyport_auth_rejected_total{reason="${reason}",surface="mcp"}`)

describe('forward-key', () => {
  it('forwards the key as it came, once for each call, and nothing else of the caller', async () => {
    for (let n = 0; n < 5; n += 1) expect((await call('keys', firstKey)).status).toBe(200)
    expect(upstream.calls).toHaveLength(5)
    for (const { headers } of upstream.calls) {
      expect(headers.authorization).toBe(`Bearer ${firstKey}`)
      expect(Object.keys(headers).toSorted()).toEqual([
        'authorization',
        'connection',
        'content-length',
        'content-type',
        'host',
        'x-request-id',
      ])
    }
  })

  it('never writes the key down, nor a part of it', async () => {
    await openSession(gateway.port, firstKey, '/mcp/keys')
    await call('keys', `${firstKey}!`)
    await call('keys', firstKey, { session: firstKey })
    const metrics = await ask(gateway.port, { method: 'GET', path: '/metrics' })
    const written = [...gateway.logged, metrics.body].join('\n')
    for (const part of [firstKey, firstKey.slice(3), firstKey.slice(-6)]) expect(written).not.toContain(part)
    const files = ['', '-wal'].map((end) => `${gateway.location.slice('sqlite:'.length)}${end}`)
    for (const file of files) {
      const bytes = await readFile(file, 'latin1').catch(() => '')
      for (const key of [firstKey, secondKey]) expect(bytes).not.toContain(key.slice(3))
    }
  })

  it.each([
    ['a key of ours', () => ownKey],
    ['the admin token', () => adminToken],
    ['a token without the prefix', () => 'xx_firstExternalKey0123'],
    ['the prefix in another letter case', () => firstKey.toUpperCase()],
    ['the prefix alone', () => 'ci_'],
  ])('T4: %s is refused at the edge with a reason that helps', async (_, key) => {
    const answer = await call('keys', key())
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'upstream_needs_own_key'])
    expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 40300 } })
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(upstream.calls).toHaveLength(0)
  })

  it('a caller without a key gets 401 and a bare challenge without any OAuth hint', async () => {
    const answer = await call('keys', null)
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
    expect(upstream.calls).toHaveLength(0)
  })

  it("T5: the backend's 401 is a real 401 in our words, counted as its own reason", async () => {
    const before = await rejected('upstream_rejected')
    const answer = await call('keys', 'ci_wrongKey')
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'upstream_rejected'])
    expect(answer.headers.get('www-authenticate')).toMatch(
      /^Bearer error="invalid_token", error_description="/,
    )
    expect(`${answer.head}${answer.body}`).not.toMatch(/backend"|X-Backend|no such key/)
    expect(upstream.calls).toHaveLength(1)
    expect(await rejected('upstream_rejected')).toBe(before + 1)
  })

  it('T2: a session belongs to the key that opened it, at that upstream', async () => {
    const session = await openSession(gateway.port, firstKey, '/mcp/keys')
    upstream.calls.length = 0
    expect((await call('keys', firstKey, { session })).status).toBe(200)
    for (const [path, key] of [
      ['keys', secondKey],
      ['more', firstKey],
      ['told', ownKey],
      ['plain', ownKey],
    ] as const) {
      const answer = await call(path, key, { session })
      expect([path, answer.status, reasonOf(answer)]).toEqual([path, 404, 'session_unknown'])
    }
    expect(upstream.calls).toHaveLength(1)
    expect((await call('keys', firstKey, { session })).status).toBe(200)
  })

  it('T5: a key that the backend takes no more is a 401 within a session too, which is not lost by it', async () => {
    const session = await openSession(gateway.port, secondKey, '/mcp/keys')
    retired.add(secondKey)
    const answer = await call('keys', secondKey, { session })
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'upstream_rejected'])
    retired.clear()
    expect((await call('keys', secondKey, { session })).status).toBe(200)
  })
})

describe('static', () => {
  it.each([
    ['shared', 'x-service-key', serviceKey],
    ['bearer', 'authorization', `Bearer ${serviceKey}`],
  ])('%s: the service credential, and nothing of who calls', async (path, header, value) => {
    for (const key of [ownKey, other.key, adminToken]) expect((await call(path, key)).status).toBe(200)
    const heads = upstream.calls.map(({ headers }): Readonly<Record<string, unknown>> => ({
      ...headers,
      'x-request-id': '',
    }))
    expect(heads[0]?.[header]).toBe(value)
    expect(heads[1]).toStrictEqual(heads[0])
    expect(heads[2]).toStrictEqual(heads[0])
    const seen = JSON.stringify(upstream.calls)
    for (const word of ['usr_', 'sp_', adminToken, 'default', 'alice', 'bob'])
      expect(seen).not.toContain(word)
  })

  it('T4: a caller cannot bring the header along', async () => {
    const fields = [
      ['X-Service-Key', 'mine'],
      ['x-service-key', 'mine too'],
    ] as const
    expect((await call('shared', ownKey, { fields })).status).toBe(200)
    expect(upstream.calls[0]?.headers['x-service-key']).toBe(serviceKey)
    expect((await call('shared', null, { fields })).status).toBe(401)
    expect(upstream.calls).toHaveLength(1)
  })

  it('T2: although the upstream cannot tell callers apart, their sessions are', async () => {
    const session = await openSession(gateway.port, ownKey, '/mcp/shared')
    expect(reasonOf(await call('shared', other.key, { session }))).toBe('session_unknown')
    expect((await call('shared', ownKey, { session })).status).toBe(200)
  })

  it('T7: the credential is in no log and no answer', async () => {
    await call('shared', ownKey, { body: '{' })
    await call('shared', 'sp_wrong')
    const answers = [
      await call('shared', ownKey),
      await ask(gateway.port, { method: 'GET', path: '/metrics' }),
    ]
    const shown = [...gateway.logged, ...answers.map(({ head, body }) => head + body)].join('\n')
    expect(shown).not.toContain(serviceKey)
  })
})

describe('none', () => {
  it('shows the upstream nothing', async () => {
    expect((await call('plain', ownKey)).status).toBe(200)
    const { headers } = upstream.calls[0] ?? { headers: {} }
    expect(headers).not.toHaveProperty('authorization')
    expect(JSON.stringify(headers)).not.toMatch(/usr_|sp_|alice/)
  })
})

describe('several upstreams', () => {
  it('are told apart by path; /mcp is the one marked default', async () => {
    const answer = await ask(gateway.port, { key: ownKey })
    expect(JSON.parse(answer.body)).toMatchObject({ result: { caller: { workspace: 'default' } } })
    expect(upstream.calls[0]?.claims).toMatchObject({ aud: upstream.url })
  })

  it('T11: no answer is kept: each list is asked for anew, as its own caller', async () => {
    const lists: string[] = []
    for (const key of [ownKey, other.key, ownKey, other.key])
      lists.push((await call('told', key, { body: toolsList })).body)
    const subjects = upstream.calls.map(({ claims }) => claims?.sub)
    expect(upstream.calls).toHaveLength(4)
    expect(subjects[0]).not.toBe(subjects[1])
    expect(subjects.slice(2)).toEqual(subjects.slice(0, 2))
    for (const [place, list] of lists.entries())
      expect(JSON.parse(list)).toMatchObject({ result: { caller: { sub: subjects[place] } } })
  })
})
