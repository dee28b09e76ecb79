import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { operator } from '../support/gateway.ts'
import { openRawConnection, rawRequest } from '../support/raw-http.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import { createScene } from './scene.ts'
import type { Scene } from './scene.ts'

const adminToken = 'admin-token-for-tests-0123456789abcdefghij'
let scene: Scene
let alice: { sub: string; key: string; id: string }
let bob: { sub: string; key: string; id: string }

beforeAll(async () => {
  scene = await createScene({ settings: { auth: { adminToken, adminOnMcp: true } } })
  const make = async (word: string) => {
    const user = await scene.addUser(word)
    return { sub: user.id, ...(await scene.gateway.createKey(user, { scopes: ['code:read'] })) }
  }
  alice = await make('alice')
  bob = await make('bob')
})
afterAll(() => scene.close())
beforeEach(() => {
  scene.upstream.calls.length = 0
})

describe('one connection, several callers', () => {
  it('T1: a pipelined request runs as its own caller, and as nobody without a credential', async () => {
    const get = (key: string | null) =>
      rawRequest('GET', '/mcp', key === null ? [] : [['Authorization', `Bearer ${key}`]])
    // A refused POST ends its connection, a refused GET does not.
    const sent = [post(alice.key), get(null), post(bob.key), get('sp_wrong'), post(alice.key), get(null)]
    const answers = await pipeline(sent)
    expect(answers.map((answer) => [answer?.status, subOf(answer)])).toStrictEqual([
      [200, alice.sub],
      [401, null],
      [200, bob.sub],
      [401, null],
      [200, alice.sub],
      [401, null],
    ])
    const subjects = scene.upstream.calls.map(({ claims }) => claims?.sub)
    expect(subjects.toSorted()).toStrictEqual([alice.sub, alice.sub, bob.sub].toSorted())
  })

  it('T1: a kept-alive connection forgets its caller between requests', async () => {
    const connection = await openRawConnection(scene.gateway.port)
    const seen: unknown[] = []
    for (const key of [alice.key, null, bob.key]) {
      connection.send(key === null ? rawRequest('GET', '/mcp') : post(key))
      const answer = await connection.next()
      seen.push(subOf(answer) ?? answer?.status)
    }
    connection.destroy()
    expect(seen).toStrictEqual([alice.sub, 401, bob.sub])
  })
})

describe('no credential, no call', () => {
  it('T4: nothing stands in for a credential that is missing or bad, not even a configured one', async () => {
    await scene.calls.post('/mcp', adminToken)
    expect(scene.upstream.calls.map(({ claims }) => claims?.sub)).toStrictEqual(['svc_admin'])
    for (const key of [null, '', 'sp_wrong', `${adminToken}x`, alice.key.slice(0, -1)])
      expect((await scene.calls.post('/mcp', key)).status).toBe(401)
    expect(scene.upstream.calls).toHaveLength(1)
  })

  it("T4: the caller's own credential never goes upstream, wherever it was put", async () => {
    const fields = [
      ['Authorization', `Bearer ${alice.key}`],
      ['Proxy-Authorization', `Bearer ${alice.key}`],
      ['X-Api-Key', alice.key],
      ['Cookie', `key=${alice.key}`],
      ['X-Forwarded-Authorization', alice.key],
    ] as const
    await pipeline([post(alice.key, fields.slice(1))])
    expect(scene.upstream.calls).toHaveLength(1)
    expect(scene.upstream.calls[0]?.rawHeaders.join('\n')).not.toContain('sp_')
  })

  it('T5: the prefix opens nothing, and a revoked key is a real 401 with a challenge', async () => {
    const revoked = await scene.gateway.createKey(await scene.addUser('revoked'))
    await scene.gateway.store.apiKeys.revoke(revoked.id, 1, {}, operator)
    const wrong = ['sp_', 'sp_x', `sp_${'0'.repeat(12)}_${'0'.repeat(49)}`, `${alice.key}x`, revoked.key]
    for (const key of wrong) {
      const { status, headers, body, reason } = await scene.calls.post('/mcp', key, { method: 'tools/call' })
      expect([key, status, headers['content-type']]).toStrictEqual([key, 401, 'application/json'])
      expect(headers['www-authenticate']).toMatch(/^Bearer error="invalid_token", error_description="/)
      expect(reason).toBe(key === revoked.key ? 'revoked_key' : 'unknown_key')
      expect(JSON.parse(body)).not.toHaveProperty('result')
    }
    expect(scene.upstream.calls).toHaveLength(0)
  })
})

describe('what is written down', () => {
  it('T7: no log line holds any part of a credential, of ours or of others', async () => {
    const foreign = [
      'ghp_16C7e42F292c6912E7710c838347Ae178B4a',
      'glpat-Zx9Yw8Vu7Ts6Rq5Po4Nm',
      'AKIAIOSFODNN7EXAMPLE',
    ]
    const short = ['hunter2x', 'sp_q7z', 'tiny-4711']
    const { gateway, calls } = scene
    for (const secret of [alice.key, ...foreign, ...short]) {
      await calls.post('/mcp', secret)
      await calls.post(`/mcp?access_token=${secret}`, secret)
      await calls.post(`/mcp/${secret}`, secret, { session: secret, method: secret })
      await pipeline([
        post(secret, [
          ['X-Api-Key', secret],
          ['Mcp-Session-Id', secret],
          ['Origin', secret],
        ]),
      ])
    }
    expect(gateway.logged.length).toBeGreaterThan(20)
    const log = gateway.logged.join('')
    for (const secret of [alice.key, ...foreign, ...short]) {
      // Neither whole nor by its end, which for a short one would be most of it.
      expect(log).not.toContain(secret)
      expect(log).not.toContain(secret.slice(-6))
    }
  })

  it('T10: health, readiness, keys, numbers and the log never show a session id', async () => {
    const { gateway, calls } = scene
    const opened = await calls.post('/mcp', alice.key, { method: 'initialize' })
    const session = String(opened.headers['mcp-session-id'])
    expect((await calls.post('/mcp', alice.key, { session })).status).toBe(200)
    expect((await calls.post('/mcp', bob.key, { session })).reason).toBe('session_unknown')
    const paths = ['/healthz', '/health', '/readyz', '/metrics', '/.well-known/jwks.json']
    const answers = await pipeline(paths.map((path) => rawRequest('GET', path)))
    expect(answers.map((answer) => answer?.status)).toStrictEqual([200, 200, 200, 200, 200])
    const shown = [...answers.map((answer) => `${answer?.head}${answer?.body}`), ...gateway.logged].join('\n')
    for (const secret of [session, alice.sub, alice.id, bob.sub, 'alice@'])
      expect(shown).not.toContain(secret)
  })

  it('T10: a session that does not exist, has ended or is not theirs gets one and the same answer', async () => {
    const { calls } = scene
    const sessionOf = async (key: string) =>
      String((await calls.post('/mcp', key, { method: 'initialize' })).headers['mcp-session-id'])
    const [theirs, ended] = [await sessionOf(alice.key), await sessionOf(bob.key)]
    const end = [['Mcp-Session-Id', ended] as const, ['Authorization', `Bearer ${bob.key}`] as const]
    expect((await pipeline([rawRequest('DELETE', '/mcp', end)]))[0]?.status).toBe(200)
    scene.upstream.calls.length = 0
    const answers = await pipeline(
      [theirs, ended, 'never-existed'].map((session) => post(bob.key, [['Mcp-Session-Id', session]])),
    )
    const bytes = answers.map((answer) =>
      `${answer?.head}${answer?.body}`.replaceAll(/req_\w+/g, '').replace(/Date: .*/, ''),
    )
    expect(new Set(bytes).size).toBe(1)
    expect(answers[0]?.status).toBe(404)
    expect(scene.upstream.calls).toHaveLength(0)
  })
})

it("T6: nothing a client sends becomes a part of the upstream's path", async () => {
  const escape = '../keys/123?admin=1#/%2e%2e'
  const call = { name: escape, arguments: { repo_id: escape }, _meta: { progressToken: escape } }
  const body = JSON.stringify({ jsonrpc: '2.0', id: escape, method: 'tools/call', params: call })
  const fields = [
    ['Authorization', `Bearer ${alice.key}`],
    ['Content-Type', 'application/json'],
    ['Mcp-Name', escape],
    ['Last-Event-ID', escape],
  ] as const
  const paths = ['/mcp', '/mcp?path=../keys/123', '/mcp?..%2fkeys']
  await pipeline(paths.map((path) => rawRequest('POST', path, fields, body)))
  const configured = new URL(scene.upstream.url).pathname
  expect(scene.upstream.calls.map(({ method, path }) => [method, path])).toStrictEqual(
    paths.map(() => ['POST', configured]),
  )
})

function post(key: string, more: readonly (readonly [string, string])[] = []): string {
  const fields = [['Authorization', `Bearer ${key}`] as const, ['Content-Type', 'application/json'] as const]
  return rawRequest('POST', '/mcp', [...fields, ...more], '{"jsonrpc":"2.0","id":1,"method":"tools/list"}')
}

/** Writes all of it at once onto one connection; null for each answer that did not come. */
async function pipeline(requests: readonly string[]): Promise<(RawAnswer | null)[]> {
  const connection = await openRawConnection(scene.gateway.port)
  connection.send(requests.join(''))
  const answers: (RawAnswer | null)[] = []
  for (const _ of requests) answers.push(await connection.next())
  connection.destroy()
  return answers
}

function subOf(answer: RawAnswer | null): string | null {
  const parsed = JSON.parse(answer?.body ?? '{}') as { result?: { caller?: { sub?: string } } }
  return parsed.result?.caller?.sub ?? null
}
