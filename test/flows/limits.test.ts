import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { modernCall, reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import type { RawAnswer } from '../support/raw-http.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { stoppedClock } from '../support/stopped-clock.ts'

const clock = stoppedClock()
const limits = { requestsPerMinute: 6, failuresPerMinute: 3, anonymousPerMinute: 2 }
const exceeded = 'sallyport_rate_limit_exceeded_total{endpoint="mcp"}'
let upstream: RecordingUpstream
let gateway: TestGateway
let people = 0

beforeAll(async () => {
  upstream = await startRecordingUpstream({
    assertion: false,
    respond: ({ headers, body }, response) => {
      const { id } = JSON.parse(body) as { id?: unknown }
      if (headers.authorization?.startsWith('Bearer ci_bad') === true)
        return void response.writeHead(401).end()
      return void response
        .writeHead(200, { 'Content-Type': 'application/json' })
        .end(JSON.stringify({ jsonrpc: '2.0', id, result: {} }))
    },
  })
  gateway = await startGateway({
    clock,
    settings: { limits, trustedProxies: ['127.0.0.1'] },
    upstreams: [
      { name: 'code', url: upstream.url, default: true },
      { name: 'open', url: upstream.url, auth: 'optional' },
      { name: 'keys', url: upstream.url, identity: 'forward-key', keyPrefix: 'ci_' },
    ],
  })
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

const newKey = async () => {
  people += 1
  return (await gateway.createKey(await gateway.addUser(`p${people}@example.com`))).key
}
const from = (address: string, asked: Asked = {}) =>
  ask(gateway.port, { ...asked, fields: [['X-Forwarded-For', address], ...(asked.fields ?? [])] })
const outcome = (answer: RawAnswer) => (answer.status === 200 ? 200 : `${answer.status} ${reasonOf(answer)}`)
async function times(count: number, one: () => Promise<RawAnswer>): Promise<(number | string)[]> {
  const outcomes: (number | string)[] = []
  for (let n = 0; n < count; n += 1) outcomes.push(outcome(await one()))
  return outcomes
}

describe("a principal's budget", () => {
  it('T46: is really taken from: past it the call gets 429 in the words of JSON-RPC, and goes no further', async () => {
    const key = await newKey()
    const before = await seriesValue(gateway.port, exceeded)
    expect(await times(6, () => from('192.0.2.1', { key }))).toEqual(Array(6).fill(200))
    const reached = upstream.calls.length
    const { body, fields } = modernCall('call-7')
    const answer = await from('192.0.2.1', { key, body, fields })
    expect(answer.status).toBe(429)
    expect(JSON.parse(answer.body)).toStrictEqual({
      jsonrpc: '2.0',
      id: 'call-7',
      error: {
        code: 42900,
        message: 'Too many requests. Wait as long as Retry-After says.',
        data: { reason: 'rate_limited', requestId: answer.headers.get('x-request-id') },
      },
    })
    expect(answer.headers.get('retry-after')).toBe('10')
    expect(answer.headers.get('ratelimit-policy')).toBe('"principal";q=6;w=60')
    expect(answer.headers.get('ratelimit')).toBe('"principal";r=0;t=10')
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(upstream.calls).toHaveLength(reached)
    expect(await seriesValue(gateway.port, exceeded)).toBe(before + 1)
  })

  it('grows back with the clock, evenly', async () => {
    const key = await newKey()
    await times(6, () => from('192.0.2.2', { key }))
    clock.advance(9_900)
    expect(await times(1, () => from('192.0.2.2', { key }))).toEqual(['429 rate_limited'])
    clock.advance(100)
    expect(await times(2, () => from('192.0.2.2', { key }))).toEqual([200, '429 rate_limited'])
  })

  it('is one for all keys, upstreams and addresses of a user, and none of another user', async () => {
    const user = await gateway.addUser('many@example.com')
    const keys = [(await gateway.createKey(user)).key, (await gateway.createKey(user)).key]
    const paths = ['/mcp', '/mcp/open', '/mcp/code']
    for (let n = 0; n < 6; n += 1) {
      const asked = { key: keys[n % 2] ?? null, path: paths[n % 3] ?? '' }
      expect(outcome(await from(`192.0.2.${10 + n}`, asked))).toBe(200)
    }
    for (const key of keys)
      expect(outcome(await from('192.0.2.20', { key, path: '/mcp/open' }))).toBe('429 rate_limited')
    expect(outcome(await from('192.0.2.20', { key: await newKey() }))).toBe(200)
  })

  it('counts notifications, GET and DELETE too; a notification has no id to answer', async () => {
    const key = await newKey()
    await times(6, () => from('192.0.2.3', { key }))
    const body = '{"jsonrpc":"2.0","method":"notifications/cancelled"}'
    for (const asked of [{ body }, { method: 'GET' }, { method: 'DELETE' }]) {
      const answer = await from('192.0.2.3', { key, ...asked })
      expect(outcome(answer)).toBe('429 rate_limited')
      expect(JSON.parse(answer.body)).toMatchObject({ id: null })
    }
  })

  it('never stops a client from asking which era is spoken, on which a 429 would mean the old one', async () => {
    const key = await newKey()
    await times(6, () => from('192.0.2.4', { key }))
    const body = '{"jsonrpc":"2.0","id":"probe","method":"server/discover"}'
    expect(await times(3, () => from('192.0.2.4', { key, body }))).toEqual([200, 200, 200])
    expect(await times(1, () => from('192.0.2.4', { key }))).toEqual(['429 rate_limited'])
  })

  it('T46: cannot be passed by a batch that begins with that question', async () => {
    const key = await newKey()
    await times(6, () => from('192.0.2.5', { key }))
    const call = (id: number, method: string) => ({ jsonrpc: '2.0', id, method })
    clock.advance(10_000)
    const body = JSON.stringify([call(1, 'server/discover'), call(2, 'tools/call'), call(3, 'tools/call')])
    expect(outcome(await from('192.0.2.5', { key, body }))).toBe('429 rate_limited')
  })

  it('T46: is taken from once for each message of a batch, all or nothing', async () => {
    const key = await newKey()
    const batch = (size: number) => {
      const body = JSON.stringify(
        Array.from({ length: size }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' })),
      )
      return from('192.0.2.7', { key, body })
    }
    expect([outcome(await batch(4)), outcome(await batch(3))]).toEqual([200, '429 rate_limited'])
    expect([outcome(await batch(2)), outcome(await batch(1))]).toEqual([200, '429 rate_limited'])
  })

  it('of a forwarded key is one for each key', async () => {
    const call = (key: string) => from('192.0.2.6', { key, path: '/mcp/keys' })
    expect(await times(7, () => call('ci_one'))).toEqual([...Array(6).fill(200), '429 rate_limited'])
    expect(outcome(await call('ci_two'))).toBe(200)
  })
})

describe("an anonymous caller's budget", () => {
  const call = (address: string) => from(address, { path: '/mcp/open' })

  it('is one for each address', async () => {
    expect(await times(3, () => call('198.51.100.1'))).toEqual([200, 200, '429 rate_limited'])
    expect((await call('198.51.100.1')).headers.get('ratelimit-policy')).toBe('"anonymous";q=2;w=60')
    expect(outcome(await call('198.51.100.2'))).toBe(200)
  })

  it('is one for a whole IPv6 /64, in whatever way it is written', async () => {
    const same = ['2001:db8:1:2::1', '2001:0DB8:1:2:ffff::9', '[2001:db8:1:2::3]:443']
    expect([outcome(await call(same[0] ?? '')), outcome(await call(same[1] ?? ''))]).toEqual([200, 200])
    expect(outcome(await call(same[2] ?? ''))).toBe('429 rate_limited')
    expect(outcome(await call('2001:db8:1:3::1'))).toBe(200)
  })

  it('is not multiplied by addresses the caller makes up before the one the proxy saw', async () => {
    const outcomes: unknown[] = []
    for (let n = 0; n < 3; n += 1) outcomes.push(outcome(await call(`203.0.113.${n}, 198.51.100.3`)))
    expect(outcomes).toEqual([200, 200, '429 rate_limited'])
  })
})

describe('refused credentials', () => {
  const guess = (address: string, n = 0) => from(address, { key: `sp_guess${n}` })

  it('T55: are limited by address, and a valid key from there always passes', async () => {
    const key = await newKey()
    const outcomes = await times(6, () => guess('198.51.100.20'))
    expect(outcomes).toEqual([...Array(3).fill('401 unknown_key'), ...Array(3).fill('429 rate_limited')])
    expect(outcome(await from('198.51.100.20', { key }))).toBe(200)
    const answer = await guess('198.51.100.20')
    expect(answer.headers.get('ratelimit-policy')).toBe('"failures";q=3;w=60')
    expect(answer.headers.get('retry-after')).toBe('20')
    expect(await times(1, () => guess('198.51.100.21'))).toEqual(['401 unknown_key'])
    clock.advance(20_000)
    expect(await times(2, () => guess('198.51.100.20'))).toEqual(['401 unknown_key', '429 rate_limited'])
  })

  it.each([
    ['of another scheme', 'Basic dTpw', 'not_bearer', '198.51.100.31'],
    ['that are empty', 'Bearer ', 'empty_token', '198.51.100.32'],
    ['that are no credential of ours', 'Bearer not-ours', 'malformed_token', '198.51.100.33'],
    ['in a header nobody can read', '@@@', 'malformed_header', '198.51.100.34'],
  ])('T46: %s count as well', async (_, value, reason, address) => {
    const fields = [['Authorization', value]] as const
    const outcomes = await times(4, () => from(address, { fields }))
    expect(outcomes).toEqual([...Array(3).fill(`401 ${reason}`), '429 rate_limited'])
  })

  it('T46: count when it is the upstream that refuses the key it is the authority on', async () => {
    const call = (key: string) => from('198.51.100.50', { key, path: '/mcp/keys' })
    const outcomes: unknown[] = []
    for (let n = 0; n < 4; n += 1) outcomes.push(outcome(await call(`ci_bad${n}`)))
    expect(outcomes).toEqual([...Array(3).fill('401 upstream_rejected'), '429 rate_limited'])
    expect(outcome(await call('ci_good'))).toBe(200)
  })

  it('are not those of a caller who sends none: that is how clients find out what to send', async () => {
    expect(await times(6, () => from('198.51.100.60'))).toEqual(Array(6).fill('401 missing_credential'))
  })
})

describe('where limits do not hold', () => {
  it('they are off when the operator says so', async () => {
    const open = await startGateway({
      clock,
      settings: { limits: { ...limits, enabled: false } },
      upstreams: [{ name: 'open', url: upstream.url, auth: 'optional' }],
    })
    const { key } = await open.createKey(await open.addUser('a@example.com'))
    const statuses: number[] = []
    for (let n = 0; n < 10; n += 1) {
      for (const asked of [{ key }, { key: null }, { key: 'sp_wrong' }])
        statuses.push((await ask(open.port, asked)).status)
    }
    expect(new Set(statuses)).toEqual(new Set([200, 401]))
    expect(await seriesValue(open.port, exceeded)).toBe(0)
    await open.close()
  })

  it('X-Forwarded-For buys no budget from a gateway that trusts no proxy', async () => {
    const bare = await startGateway({
      clock,
      settings: { limits },
      upstreams: [{ name: 'open', url: upstream.url, auth: 'optional' }],
    })
    const outcomes: unknown[] = []
    for (let n = 0; n < 3; n += 1) {
      const fields = [['X-Forwarded-For', `203.0.113.${n}`]] as const
      outcomes.push(outcome(await ask(bare.port, { fields })))
    }
    expect(outcomes).toEqual([200, 200, '429 rate_limited'])
    await bare.close()
  })
})
