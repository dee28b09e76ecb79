import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ask, openSession, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { configOf, operator, startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

let upstream: RecordingUpstream
let gateway: TestGateway
let alice: { sub: string; key: string }
let bob: { sub: string; key: string }

beforeAll(async () => {
  upstream = await startRecordingUpstream({ assertion: false })
  const { url } = upstream
  gateway = await startGateway({
    settings: { limits: { failuresPerMinute: 1_000_000, anonymousPerMinute: 1_000_000 } },
    upstreams: [
      { name: 'open', url, auth: 'optional', default: true },
      { name: 'plain', url, auth: 'optional', identity: 'none' },
      { name: 'closed', url },
      { name: 'west', url, workspaces: ['west'] },
    ],
  })
  upstream.trust(gateway.url)
  const make = async (word: string, workspace: string) => {
    const user = await gateway.addUser(`${word}@example.com`, workspace)
    return { sub: user.id, key: (await gateway.createKey(user, { workspace })).key }
  }
  alice = await make('alice', 'default')
  bob = await make('bob', 'west')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => {
  upstream.calls.length = 0
})

const call = (path: string, key: string | null, more: Asked = {}) =>
  ask(gateway.port, { path: `/mcp/${path}`, key, ...more })
const judged = async (path: string, key: string | null, more: Asked = {}) => {
  const answer = await call(path, key, more)
  return answer.status === 200 ? 200 : `${answer.status} ${reasonOf(answer)}`
}

describe('an anonymous caller', () => {
  it('T12: is shown to the upstream as nobody: no identity header of any kind', async () => {
    expect(await judged('open', null)).toBe(200)
    expect(await judged('plain', null)).toBe(200)
    for (const { headers } of upstream.calls) {
      expect(headers).not.toHaveProperty('authorization')
      expect(Object.keys(headers)).not.toContainEqual(expect.stringMatching(/user|subject|caller|forwarded/))
    }
  })

  it('T12: has no subject in logs, numbers or the store', async () => {
    const before = await seriesValue(
      gateway.port,
      'sallyport_auth_requests_total{method="none",outcome="accepted"}',
    )
    const logged = gateway.logged.length
    await openSession(gateway.port, null)
    const after = await seriesValue(
      gateway.port,
      'sallyport_auth_requests_total{method="none",outcome="accepted"}',
    )
    expect(after).toBe(before + 1)
    expect(gateway.logged.slice(logged).join('')).not.toMatch(/usr_|anonymous|subject|sub"/)
    const ended = await gateway.store.mcpSessions.endIdle(Date.now() + 10_000, 1000)
    expect(ended).toHaveLength(1)
    expect(ended[0]).toMatchObject({ issuer: '', subject: '', clientId: '', workspace: '' })
  })

  it('is let in nowhere else: what is not said opens nothing', async () => {
    expect(await judged('closed', null)).toBe('401 missing_credential')
    expect(await judged('west', null)).toBe('401 missing_credential')
    expect(upstream.calls).toHaveLength(0)
  })
})

describe('a caller with a credential', () => {
  it('is who the credential says, also where nobody would do', async () => {
    expect(await judged('open', alice.key)).toBe(200)
    expect(upstream.calls[0]?.claims).toMatchObject({ sub: alice.sub, workspace: 'default' })
  })

  it('T12: that is no good is refused, and not let in as nobody', async () => {
    const user = await gateway.addUser('gone@example.com')
    const revoked = await gateway.createKey(user)
    await gateway.store.apiKeys.revoke(revoked.id, 1, {}, operator)
    const expired = await gateway.createKey(user, { expiresInDays: -1 })
    expect(await judged('open', revoked.key)).toBe('401 revoked_key')
    expect(await judged('open', expired.key)).toBe('401 expired_key')
    expect(await judged('open', `${alice.key}x`)).toBe('401 unknown_key')
    for (const [value, reason] of [
      ['Bearer', 'empty_token'],
      ['Bearer ', 'empty_token'],
      ['Bearer a b', 'malformed_token'],
      ['Bearer foreign', 'malformed_token'],
      ['Basic dTpw', 'not_bearer'],
      ['', 'malformed_header'],
    ] as const) {
      const answer = await call('open', null, { fields: [['Authorization', value]] })
      expect([value, answer.status, reasonOf(answer)]).toEqual([value, 401, reason])
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    }
    expect(upstream.calls).toHaveLength(0)
  })
})

describe('sessions', () => {
  it("T2: of a user are out of nobody's reach and of nobody out of a user's", async () => {
    const [theirs, nobodys] = [
      await openSession(gateway.port, alice.key),
      await openSession(gateway.port, null),
    ]
    upstream.calls.length = 0
    expect(await judged('open', null, { session: theirs })).toBe('404 session_unknown')
    expect(await judged('open', bob.key, { session: theirs })).toBe('404 session_unknown')
    for (const { key } of [alice, bob])
      expect(await judged('open', key, { session: nobodys })).toBe('404 session_unknown')
    for (const method of ['GET', 'DELETE'])
      expect(await judged('open', null, { session: theirs, method })).toBe('404 session_unknown')
    expect(upstream.calls).toHaveLength(0)
    expect(await judged('open', alice.key, { session: theirs })).toBe(200)
    expect(await judged('open', null, { session: nobodys })).toBe(200)
  })

  it('of nobody stay within their upstream', async () => {
    const session = await openSession(gateway.port, null)
    expect(await judged('plain', null, { session })).toBe('404 session_unknown')
  })
})

describe('workspaces', () => {
  it('T11: an upstream limited to some lets in nobody else', async () => {
    expect(await judged('west', alice.key)).toBe('403 upstream_not_allowed')
    expect(upstream.calls).toHaveLength(0)
    expect(await judged('west', bob.key)).toBe(200)
    expect(upstream.calls[0]?.claims).toMatchObject({ sub: bob.sub, workspace: 'west' })
  })
})

describe('configurations that contradict themselves do not start', () => {
  const url = 'http://127.0.0.1:1/mcp'
  const forwards = { identity: 'forward-key', keyPrefix: 'ci_' }
  it.each<[string, object, object[], string]>([
    ['two of a name', {}, [{}, {}], 'code is there twice'],
    [
      'two defaults',
      {},
      [{ default: true }, { name: 'b', default: true }],
      'more than one is marked default',
    ],
    ['forward-key without a prefix', {}, [{ identity: 'forward-key' }], 'needs keyPrefix'],
    [
      'a prefix without forward-key',
      {},
      [{ keyPrefix: 'ci_' }],
      'keyPrefix is for identity forward-key only',
    ],
    ['forward-key for two workspaces', {}, [{ ...forwards, workspaces: ['a', 'b'] }], 'takes one workspace'],
    ['forward-key for anybody', {}, [{ ...forwards, auth: 'optional' }], 'auth optional cannot be combined'],
    ['forward-key with scopes', {}, [{ ...forwards, scopes: ['a:b'] }], 'scopes cannot be asked of'],
    ['forward-key with accept', {}, [{ ...forwards, accept: ['api_key'] }], 'accept is not for'],
    ['our own prefix', {}, [{ ...forwards, keyPrefix: 'sp_' }], 'must differ from sp_'],
    ['static without a value', {}, [{ identity: 'static' }], 'needs static.value'],
    ['a value without static', {}, [{ static: { value: 'x' } }], 'static is for identity static only'],
    ['half a certificate', {}, [{ clientCertificate: { cert: 'a.pem' } }], 'needs both cert and key'],
    ['a CA without TLS', {}, [{ ca: 'ca.pem' }], 'need an https url'],
    [
      'optional with static',
      {},
      [{ auth: 'optional', identity: 'static', static: { value: 'x' } }],
      'strangers would act with the service credential',
    ],
    [
      'an admin token that would pass for a key of the upstream',
      { auth: { adminToken: `ci_${'x'.repeat(32)}` } },
      [forwards],
      'begins with the keyPrefix of code',
    ],
    [
      'optional within workspaces',
      {},
      [{ auth: 'optional', workspaces: ['a'] }],
      'cannot be combined with workspaces',
    ],
    ['optional with scopes', {}, [{ auth: 'optional', scopes: ['a:b'] }], 'cannot be combined with scopes'],
    ['adminOnMcp without a token', { auth: { adminOnMcp: true } }, [{}], 'needs auth.adminToken'],
    [
      'one token for two doors',
      { auth: { adminToken: 'x'.repeat(32) }, telemetry: { metrics: { token: 'x'.repeat(32) } } },
      [{}],
      'must differ from auth.adminToken',
    ],
    [
      'token exchange',
      {},
      [{ identity: 'exchange' }],
      'must be one of assertion | forward-key | static | none',
    ],
  ])('%s', (_, settings, entries, complaint) => {
    const upstreams = entries.map((entry) => ({ name: 'code', url, ...entry }))
    expect(() => configOf({ upstreams, settings: { ...settings } }, 'sqlite::memory:')).toThrow(complaint)
  })

  it('all complaints come together', () => {
    const upstreams = [{ name: 'code', url, identity: 'static', keyPrefix: 'ci_', ca: 'x.pem' }]
    const load = () => configOf({ upstreams, settings: { auth: { adminOnMcp: true } } }, 'sqlite::memory:')
    for (const complaint of ['auth.adminToken', 'keyPrefix', 'static.value', 'https'])
      expect(load).toThrow(complaint)
  })
})
