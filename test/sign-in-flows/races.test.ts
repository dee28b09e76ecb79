import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import { onEachDatabase } from '../storage/databases.ts'
import type { TestDatabases } from '../storage/databases.ts'
import { freePort } from '../support/free-port.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { movingClock } from '../support/moving-clock.ts'
import { deviceGrant, OauthCaller, tokensOf } from '../support/oauth-caller.ts'
import type { OauthAnswer, RegisteredClient } from '../support/oauth-caller.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'

/** All that the resource has. */
const plain = { scope: null, nonce: null }
const errorOf = ({ status, body }: OauthAnswer) => [status, body['error']]
const statuses = (answers: readonly OauthAnswer[]) => answers.map(({ status }) => status).toSorted()

onEachDatabase((databases) => {
  let pair: Pair
  beforeEach(async () => {
    pair = await startPair(databases)
  })
  afterEach(() => pair.close())

  describe('auth 12: of two at once, at two processes of one store', () => {
    it('one redemption of a code succeeds, 20 of 20 times; a later one ends what came of it', async () => {
      const { one, two, ada, call } = pair
      const client = await one.register()
      for (let round = 0; round < 20; round += 1) {
        const begun = one.begin(client.id, plain)
        const code = (await ada.authorize(begun.url)).searchParams.get('code') ?? ''
        const answers = await Promise.all([
          one.redeem(client, code, begun.verifier),
          two.redeem(client, code, begun.verifier),
        ])
        expect(statuses(answers)).toEqual([200, 400])
        const [won, lost] = answers.toSorted((left, right) => left.status - right.status)
        expect(lost?.body['error']).toBe('invalid_grant')
        // RFC 6749 section 4.1.2: a code that comes again is stolen, for all that anybody can know.
        expect(errorOf(await two.redeem(client, code, begun.verifier))).toEqual([400, 'invalid_grant'])
        expect(await call(tokensOf(won?.body ?? {}).access)).toBe(401)
      }
    })

    it('one poll of an approved device code succeeds', async () => {
      const { one, two, ada } = pair
      const client = await one.register()
      for (let round = 0; round < 10; round += 1) {
        const asked = await one.post('/oauth/device_authorization', { client_id: client.id })
        await ada.connectDevice(String(asked.body['user_code']))
        const code = String(asked.body['device_code'])
        const answers = await Promise.all([poll(one, client, code), poll(two, client, code)])
        expect(statuses(answers)).toEqual([200, 400])
      }
    })
  })

  it('auth 13: fifty uses of one refresh token at once sign nobody out, and stay one family', async () => {
    const { one, two, ada, call } = pair
    const client = await one.register()
    const first = await one.connect(ada, client, plain)
    const other = await one.connect(ada, client, plain)
    const uses = Array.from({ length: 50 }, (_, place) =>
      (place % 2 === 0 ? one : two).refresh(client, first.refresh),
    )
    const answers = await Promise.all(uses)
    expect(new Set(statuses(answers))).toEqual(new Set([200]))
    const successors = answers.map(({ body }) => tokensOf(body))
    expect(new Set(successors.map(({ access }) => decodeJwt(access)['grant_id'])).size).toBe(1)
    for (const { access } of successors) expect(await call(access)).toBe(200)
    for (const { refresh } of successors.slice(0, 5)) {
      const next = await two.refresh(client, refresh)
      expect(next.status).toBe(200)
      expect(await call(tokensOf(next.body).access)).toBe(200)
    }
    // One family: with one of its members all of them end, and nobody else.
    await one.post('/oauth/revoke', { token: successors[7]?.refresh ?? '', client_id: client.id })
    for (const { access } of successors) expect(await call(access)).toBe(401)
    for (const { refresh } of successors.slice(0, 5))
      expect(errorOf(await two.refresh(client, refresh))).toEqual([400, 'invalid_grant'])
    expect(await call(other.access)).toBe(200)
    expect((await one.refresh(client, other.refresh)).status).toBe(200)
  })

  it('T18: a refresh token that comes back after its grace period, its successor used, ends the family', async () => {
    const { one, ada, call, clock, gateway } = pair
    const client = await one.register()
    const first = await one.connect(ada, client, plain)
    const second = tokensOf((await one.refresh(client, first.refresh)).body)
    expect(await call(second.access)).toBe(200)
    const tokenId = decodeJwt(second.access).jti ?? ''
    const use = async () => (await gateway.store.accessTokens.findForCall(tokenId))?.usedAt
    // Uses are written in batches, a second's at the most.
    await expect.poll(use, { timeout: 10_000 }).toEqual(expect.any(Number))
    clock.advance(31_000)
    expect(errorOf(await one.refresh(client, first.refresh))).toEqual([400, 'invalid_grant'])
    expect(await call(second.access)).toBe(401)
    expect(errorOf(await one.refresh(client, second.refresh))).toEqual([400, 'invalid_grant'])
    const series = 'sallyport_auth_rejected_total{reason="replayed_refresh",surface="oauth"}'
    expect(await seriesValue(gateway.port, series)).toBeGreaterThanOrEqual(1)
  })

  it('auth 12: a device that polls too fast is told to slow down, and gets its token when it does', async () => {
    const { one, two, ada, clock } = pair
    const client = await one.register()
    const asked = await one.post('/oauth/device_authorization', { client_id: client.id })
    const code = String(asked.body['device_code'])
    const interval = Number(asked.body['interval'] ?? 5)
    expect(errorOf(await poll(one, client, code))).toEqual([400, 'authorization_pending'])
    const hasty = await Promise.all(Array.from({ length: 10 }, () => poll(two, client, code)))
    expect(hasty.map(errorOf)).toEqual(hasty.map(() => [400, 'slow_down']))
    await ada.connectDevice(String(asked.body['user_code']))
    clock.advance((interval + 5 * 10) * 1000 + 1000)
    expect((await poll(one, client, code)).status).toBe(200)
    expect(errorOf(await poll(one, client, code))).toEqual([400, 'invalid_grant'])
  })
})

/** Two processes behind one public URL, on one database. */
interface Pair {
  readonly gateway: TestGateway
  readonly clock: ReturnType<typeof movingClock>
  readonly one: OauthCaller
  readonly two: OauthCaller
  readonly ada: Person
  /** What the second answers to a call with an access token: its status. */
  call(access: string): Promise<number>
  close(): Promise<void>
}

async function startPair(databases: TestDatabases): Promise<Pair> {
  const ends = new AsyncDisposableStack()
  const clock = movingClock()
  const upstream = await startRecordingUpstream({ now: clock.now })
  ends.defer(() => upstream.close())
  const store = await databases.newLocation()
  const upstreams = [{ name: 'code', url: upstream.url }]
  const limits = { enabled: false }
  const gateway = await startGateway({ upstreams, store, clock, settings: { limits } })
  ends.defer(() => gateway.close())
  upstream.trust(gateway.url)
  const port = await freePort()
  const settings = { limits, listen: { port }, publicUrl: gateway.url }
  const second = await startGateway({ upstreams, store, clock, settings })
  ends.defer(() => second.close())
  return {
    gateway,
    clock,
    one: new OauthCaller(gateway.url),
    two: new OauthCaller(`http://127.0.0.1:${port}`),
    ada: await meet(gateway, 'ada@example.com'),
    call: async (access) => (await ask(port, { key: access })).status,
    close: () => ends.disposeAsync(),
  }
}

function poll(oauth: OauthCaller, client: RegisteredClient, code: string): Promise<OauthAnswer> {
  return oauth.post('/oauth/token', { grant_type: deviceGrant, device_code: code, client_id: client.id })
}
