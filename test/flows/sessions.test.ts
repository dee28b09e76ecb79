import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/lib/hash.ts'
import { onEachDatabase } from '../storage/databases.ts'
import type { TestDatabases } from '../storage/databases.ts'
import { ask, openSession, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { startComposed } from '../support/composed-gateway.ts'
import type { Caller, ComposedGateway } from '../support/composed-gateway.ts'
import { reasonOf } from '../support/edge.ts'
import { operator } from '../support/gateway.ts'
import { echo, startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordedCall, RecordingUpstream } from '../support/recording-upstream.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import type { StoppedClock } from '../support/stopped-clock.ts'

const minute = 60_000

/** How the upstream answers a session it has lost: the official SDK and other servers differ. */
const losses = {
  '404': [404, 'Session not found'],
  '400 of a server that was restarted': [400, 'Bad Request: Server not initialized'],
  '400 that names the session': [400, 'Bad Request: No valid session ID provided'],
  '401': [401, ''],
} as const
type Loss = keyof typeof losses | '400 of another kind' | '400 that is long'

onEachDatabase((databases: TestDatabases) => {
  let clock: StoppedClock
  let upstream: RecordingUpstream
  let gateway: ComposedGateway
  let alice: Caller
  let bob: Caller
  let lost: Map<string, Loss>

  beforeEach(async () => {
    clock = stoppedClock()
    lost = new Map()
    upstream = await startRecordingUpstream({
      now: clock.now,
      respond: (call, response) => answer(call, response),
    })
    const upstreams = [{ name: 'code', url: upstream.url }]
    const store = await databases.newLocation()
    gateway = await startComposed({ upstreams, settings: { sessions: { idleMinutes: 60 } }, store, clock })
    upstream.trust(gateway.url)
    alice = await gateway.addCaller('alice')
    bob = await gateway.addCaller('bob')
  })
  afterEach(async () => {
    await gateway.close()
    await upstream.close()
  })

  function answer(call: RecordedCall, response: ServerResponse): void {
    const loss = lost.get(String(call.headers['mcp-session-id']))
    if (loss === undefined) return echo(call, response)
    const [status, message] =
      loss in losses
        ? losses[loss as keyof typeof losses]
        : [400, loss === '400 that is long' ? `session ${'x'.repeat(200_000)}` : 'Invalid arguments']
    const error = { code: -32000, message }
    // In two steps, so that the answer is chunked: what servers do that give no length.
    response.writeHead(status, { 'Content-Type': 'application/json' })
    response.write('{"jsonrpc":"2.0","id":null,')
    return void response.end(`"error":${JSON.stringify(error)}}`)
  }
  const call = ({ key }: Caller, session: string, more: Asked = {}) =>
    ask(gateway.port, { key, session, ...more })
  const judged = async (caller: Caller, session: string) => {
    const { status, ...rest } = await call(caller, session)
    return status === 200 ? 200 : `${status} ${reasonOf({ status, ...rest })}`
  }
  const reached = (method: string) => upstream.calls.filter((one) => one.method === method)
  const active = () => seriesValue(gateway.port, 'sallyport_mcp_sessions_active{upstream="code"}')

  describe('an idle session', () => {
    it("T39: ends after its time, here and upstream, there with its owner's assertion", async () => {
      const [hers, his] = [
        await openSession(gateway.port, alice.key),
        await openSession(gateway.port, bob.key),
      ]
      clock.advance(59 * minute)
      await gateway.composed.runJobs()
      expect(await judged(bob, his)).toBe(200)
      clock.advance(2 * minute)
      await gateway.composed.runJobs()
      const farewells = reached('DELETE')
      expect(farewells.map(({ headers }) => headers['mcp-session-id'])).toEqual([hers])
      expect(farewells[0]?.claims).toMatchObject({ sub: alice.sub, workspace: 'default', scope: '' })
      expect(await judged(alice, hers)).toBe('404 session_unknown')
      expect(await judged(bob, his)).toBe(200)
      expect(await active()).toBe(1)
    })

    it('ends here also when the upstream has lost it already, or fails', async () => {
      const sessions = [
        await openSession(gateway.port, alice.key),
        await openSession(gateway.port, alice.key),
      ] as const
      lost.set(sessions[0], '404').set(sessions[1], '401')
      clock.advance(61 * minute)
      await gateway.composed.runJobs()
      expect(reached('DELETE')).toHaveLength(2)
      expect(await active()).toBe(0)
    })

    it('is not one with an open stream, which says nothing for hours', async () => {
      const session = await openSession(gateway.port, alice.key)
      const fields = { Authorization: `Bearer ${alice.key}`, 'Mcp-Session-Id': session }
      const leaving = new AbortController()
      const stream = await fetch(`${gateway.url}/mcp`, { headers: fields, signal: leaving.signal })
      expect(stream.headers.get('content-type')).toBe('text/event-stream')
      for (let hour = 0; hour < 3; hour += 1) {
        clock.advance(59 * minute)
        await gateway.composed.runJobs()
      }
      expect(reached('DELETE')).toHaveLength(0)
      leaving.abort()
      await expect.poll(() => gateway.composed.running()).toBe(0)
      clock.advance(59 * minute)
      await gateway.composed.runJobs()
      expect(await active()).toBe(1)
      clock.advance(2 * minute)
      await gateway.composed.runJobs()
      expect(reached('DELETE')).toHaveLength(1)
    })

    it('of many that ended at once, each one gets its DELETE', async () => {
      const { mcpSessions } = gateway.store
      for (let n = 0; n < 120; n += 1) await openSession(gateway.port, n % 2 === 0 ? alice.key : bob.key)
      expect((await mcpSessions.countActive()).get('code')).toBe(120)
      clock.advance(61 * minute)
      await gateway.composed.runJobs()
      const ids = new Set(reached('DELETE').map(({ headers }) => headers['mcp-session-id']))
      expect(ids.size).toBe(120)
      expect(await mcpSessions.countActive()).toEqual(new Map())
    })
  })

  describe('a session the upstream has lost', () => {
    it.each(Object.keys(losses) as (keyof typeof losses)[])(
      'by its %s: is a 404 to the client, which then opens another',
      async (loss) => {
        const session = await openSession(gateway.port, alice.key)
        lost.set(session, loss)
        const answered = await call(alice, session)
        expect(answered.status).toBe(404)
        expect(answered.headers.has('www-authenticate')).toBe(false)
        upstream.calls.length = 0
        expect(await judged(alice, session)).toBe('404 session_unknown')
        expect(upstream.calls).toHaveLength(0)
        expect((await gateway.store.mcpSessions.countActive()).size).toBe(0)
        expect(await judged(alice, await openSession(gateway.port, alice.key))).toBe(200)
      },
    )

    it.each([
      ['400 of another kind', /"message":"Invalid arguments"\}\}$/],
      ['400 that is long', /x{1000}"\}\}$/],
    ] as const)('is not every one that is answered with 400: a %s is passed on', async (loss, body) => {
      const session = await openSession(gateway.port, alice.key)
      lost.set(session, loss)
      const answered = await call(alice, session)
      expect(answered.status).toBe(400)
      expect(answered.body).toMatch(body)
      lost.clear()
      expect(await judged(alice, session)).toBe(200)
    })
  })

  it('a DELETE of the client is passed on, and the session is gone', async () => {
    const session = await openSession(gateway.port, alice.key)
    expect((await call(bob, session, { method: 'DELETE' })).status).toBe(404)
    expect(reached('DELETE')).toHaveLength(0)
    expect((await call(alice, session, { method: 'DELETE' })).status).toBe(200)
    expect(reached('DELETE')[0]?.claims).toMatchObject({ sub: alice.sub })
    expect((await gateway.store.mcpSessions.countActive()).size).toBe(0)
    expect(await judged(alice, session)).toBe('404 session_unknown')
  })

  it('T3: another credential of the same user keeps the session; a revoked one does not open it', async () => {
    const session = await openSession(gateway.port, alice.key)
    const next = await gateway.addKey(alice.sub)
    expect(await judged({ ...alice, key: next.key }, session)).toBe(200)
    await gateway.store.apiKeys.revoke(next.id, clock.now(), {}, operator)
    expect(await judged({ ...alice, key: next.key }, session)).toBe('401 revoked_key')
    expect(await judged(alice, session)).toBe(200)
  })

  it('T3: the same subject of another issuer, workspace or client is somebody else', async () => {
    const row = {
      upstream: 'code',
      sealedId: '',
      client: 'other' as const,
      startedAt: clock.now(),
      lastSeenAt: clock.now(),
    }
    const mine = { ...row, issuer: gateway.url, subject: alice.sub, clientId: '', workspace: 'default' }
    const others = [
      { issuer: 'https://other.example' },
      { workspace: 'west' },
      { clientId: 'app' },
      { subject: '' },
    ]
    const start = (id: string, more: Partial<typeof mine>) =>
      gateway.store.mcpSessions.start({ ...mine, ...more, idHash: sha256Hex(`code\n${id}`) })
    await start('mine', {})
    expect(await judged(alice, 'mine')).toBe(200)
    for (const [place, other] of others.entries()) {
      await start(`other-${place}`, other)
      expect(await judged(alice, `other-${place}`)).toBe('404 session_unknown')
    }
  })

  it('Last-Event-ID goes to the upstream, which resumes the stream', async () => {
    const session = await openSession(gateway.port, alice.key)
    const leaving = new AbortController()
    const stream = await fetch(`${gateway.url}/mcp`, {
      signal: leaving.signal,
      headers: {
        Accept: 'text/event-stream',
        Authorization: `Bearer ${alice.key}`,
        'Mcp-Session-Id': session,
        'Last-Event-ID': 'event 17',
      },
    })
    const first = await stream.body?.getReader().read()
    expect(new TextDecoder().decode(first?.value)).toContain(alice.sub)
    expect(reached('GET')[0]?.headers).toMatchObject({
      'last-event-id': 'event 17',
      'mcp-session-id': session,
    })
    leaving.abort()
    const none = await call(alice, 'not-a-session', {
      method: 'GET',
      fields: [['Last-Event-ID', 'event 17']],
    })
    expect([none.status, reached('GET').length]).toEqual([404, 1])
  })

  it('T31: the gauge is counted in the store, whoever opened or ended the sessions', async () => {
    expect(await active()).toBe(0)
    const session = await openSession(gateway.port, alice.key)
    await openSession(gateway.port, bob.key)
    await gateway.composed.runJobs()
    expect(await active()).toBe(2)
    await gateway.store.mcpSessions.end(sha256Hex(`code\n${session}`))
    expect(await active()).toBe(2)
    await gateway.composed.runJobs()
    expect(await active()).toBe(1)
  })
})
