import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { operator } from '../support/gateway.ts'
import { movedBy } from '../support/moved-numbers.ts'
import { basic, deviceGrant, redirectUri, tokensOf } from '../support/oauth-caller.ts'
import { personAt } from '../support/person.ts'
import { startSignInScene } from '../support/sign-in-scene.ts'
import type { Known, SignInScene } from '../support/sign-in-scene.ts'

const minute = 60_000
const day = 24 * 60 * minute

let scene: SignInScene

beforeAll(async () => {
  const sessions = { idleMinutes: 43_200, maxHours: 720 }
  scene = await startSignInScene({}, { sessions, tokens: { refreshDays: 1, refreshGraceSeconds: 30 } })
})
afterAll(() => scene.close())

/** What work moves; sessions apart, which end as the clock is put forward. */
async function moved(work: () => Promise<unknown>): Promise<Readonly<Record<string, number>>> {
  const all = await movedBy(scene.gateway, work)
  return Object.fromEntries(Object.entries(all).filter(([key]) => !key.startsWith('login_session')))
}

async function signedIn(word: string): Promise<Known> {
  const person = await scene.meet(word)
  await person.signIn()
  return person
}

const dynamic = 'clients_registered{status="active",origin="dynamic"}'
const issued = (token: 'access' | 'refresh', grant: string) =>
  `tokens_issued_total{token_type="${token}",grant_type="${grant}"}`
const pairBy = (grant: string) => ({ [issued('access', grant)]: 1, [issued('refresh', grant)]: 1 })
const granted = (flow: string) => ({ [`consents_granted_total{flow="${flow}"}`]: 1, consents_active: 1 })
const revoked = (actor: string, times = 1) => ({
  [`consents_revoked_total{actor="${actor}"}`]: times,
  consents_active: -times,
})

describe('T31: a consent', () => {
  it('is counted once when it is given, and tokens each time they are issued', async () => {
    const [person, client] = [await signedIn('giver'), await scene.oauth.register()]
    const connect = () => scene.oauth.connect(person, client)
    const pair = pairBy('authorization_code')
    expect(await moved(connect)).toEqual({ ...granted('authorization_code'), ...pair })
    // Given already: it is asked again at a loopback redirect, and is no new one.
    expect(await moved(connect)).toEqual(pair)
    const denied = scene.oauth.begin((await scene.oauth.register()).id).url
    expect(await moved(() => person.authorize(denied, { denies: true }))).toEqual({})
  })

  it('is revoked by its giver, once, and its tokens with it', async () => {
    const [person, client] = [await signedIn('taker'), await scene.oauth.register()]
    await scene.oauth.connect(person, client)
    const revoke = () => person.browser.submit('/account/apps', '/account/apps/revoke')
    expect(await moved(revoke)).toEqual({
      ...revoked('user'),
      'tokens_revoked_total{reason="consent_revoked"}': 1,
    })
  })

  it('goes with all others when its giver ends every other session and its apps', async () => {
    const person = await signedIn('sweeping')
    for (let count = 0; count < 2; count += 1) {
      await scene.oauth.connect(person, await scene.oauth.register())
    }
    const end = () => person.browser.submit('/account', '/account/sessions/end-others', { apps: 'yes' })
    const another = await secondBrowser(person)
    expect(await movedBy(scene.gateway, end)).toEqual({
      ...revoked('user', 2),
      'tokens_revoked_total{reason="consent_revoked"}': 2,
      'login_sessions_ended_total{reason="revoked_by_user"}': 1,
      'login_session_duration_seconds_count{reason="revoked_by_user"}': 1,
      login_sessions_active: -1,
    })
    expect((await another.get('/account')).status).toBe(303)
  })

  it('ends by the system when its client takes itself away', async () => {
    const [person, client] = [await signedIn('left'), await scene.oauth.register()]
    await scene.oauth.connect(person, client)
    const authorization = `Bearer ${client.registrationToken}`
    const remove = () =>
      scene.oauth.send(`/oauth/register/${client.id}`, { method: 'DELETE', headers: { authorization } })
    expect(await moved(remove)).toMatchObject({ ...revoked('system'), [dynamic]: -1 })
  })
})

describe('T31: a client', () => {
  it('is counted by how it came to be', async () => {
    expect(await moved(() => scene.oauth.register())).toEqual({ [dynamic]: 1 })
    expect(await moved(() => scene.addClient({}))).toEqual({
      'clients_registered{status="active",origin="admin"}': 1,
    })
    const id = scene.documents.url('/counted.json')
    scene.documents.serve('/counted.json', {
      client_id: id,
      client_name: 'Editor',
      redirect_uris: [redirectUri],
      token_endpoint_auth_method: 'none',
    })
    const person = await signedIn('reader')
    const look = () => person.authorize(scene.oauth.begin(id).url, { denies: true })
    const documents = 'clients_registered{status="active",origin="metadata_document"}'
    expect(await moved(look)).toEqual({ [documents]: 1 })
    expect(await moved(look)).toEqual({})
  })

  it('that was never used is not counted any more once it is swept', async () => {
    const { id } = await scene.oauth.register()
    await moved(async () => scene.clock.advance(100 * day))
    expect(await scene.gateway.store.clients.find(id)).toBeUndefined()
    expect(await moved(async () => {})).toEqual({})
  })
})

describe('T31: a token', () => {
  it('is refreshed, or refused for one reason', async () => {
    const [person, client] = [await signedIn('staying'), await scene.oauth.register()]
    const first = await scene.oauth.connect(person, client)
    const refresh = (token: string) => () => scene.oauth.refresh(client, token)
    const refreshed = (outcome: string) => ({ [`tokens_refreshed_total{outcome="${outcome}"}`]: 1 })
    let second = { refresh: '' }
    const rotate = async () => {
      second = tokensOf((await scene.oauth.refresh(client, first.refresh)).body)
    }
    expect(await moved(rotate)).toEqual({ ...refreshed('success'), ...pairBy('refresh_token') })
    await scene.oauth.refresh(client, second.refresh)
    scene.clock.advance(minute)
    expect(await moved(refresh(first.refresh))).toEqual({
      ...refreshed('replayed'),
      'tokens_revoked_total{reason="replay"}': 1,
    })
    expect(await moved(refresh(second.refresh))).toEqual(refreshed('revoked'))
    expect(await moved(refresh('nobodys'))).toEqual(refreshed('invalid'))
    const late = await scene.oauth.connect(person, client)
    scene.clock.advance(day + minute)
    expect(await moved(refresh(late.refresh))).toEqual(refreshed('expired'))
  })

  it('is given back by its client', async () => {
    const [person, client] = [await signedIn('returning'), await scene.oauth.register()]
    const { refresh } = await scene.oauth.connect(person, client)
    const giveBack = () => scene.oauth.post('/oauth/revoke', { token: refresh, client_id: client.id })
    expect(await moved(giveBack)).toEqual({ 'tokens_revoked_total{reason="user_request"}': 1 })
    expect(await moved(giveBack)).toEqual({})
  })

  it('of a client that acts for itself has no refresh token', async () => {
    const service = await scene.addClient({
      confidential: true,
      grantTypes: ['client_credentials'],
      redirectUris: [],
      workspace: 'default',
    })
    const form = { grant_type: 'client_credentials', scope: 'code:read' }
    const ask = () => scene.oauth.post('/oauth/token', form, basic(service.id, service.secret))
    expect(await moved(ask)).toEqual({ [issued('access', 'client_credentials')]: 1 })
  })
})

describe('T31: a device code', () => {
  const outcome = (name: string) => ({ [`device_codes_total{outcome="${name}"}`]: 1 })

  it('is issued, allowed and redeemed, each once; one that is denied is denied', async () => {
    const [person, client] = [await signedIn('screenless'), await scene.oauth.register()]
    const codes: Readonly<Record<string, unknown>>[] = []
    const issue = async () => {
      const { body } = await scene.oauth.post('/oauth/device_authorization', { client_id: client.id })
      codes.push(body)
    }
    expect(await moved(issue)).toEqual({ ...outcome('issued'), device_codes_pending: 1 })
    expect(await moved(issue)).toEqual({ ...outcome('issued'), device_codes_pending: 1 })
    const [one = {}, two = {}] = codes
    const answer = (code: typeof one, denies: boolean) => () =>
      person.connectDevice(String(code['user_code']), { denies })
    const poll = (code: typeof one) => () =>
      scene.oauth.post('/oauth/token', {
        grant_type: deviceGrant,
        device_code: String(code['device_code']),
        client_id: client.id,
      })
    expect(await moved(poll(one))).toEqual({})
    expect(await moved(answer(one, true))).toEqual({ ...outcome('denied'), device_codes_pending: -1 })
    expect(await moved(poll(one))).toEqual({})
    expect(await moved(answer(two, false))).toEqual({
      ...outcome('authorized'),
      ...granted('device_code'),
      device_codes_pending: -1,
    })
    expect(await moved(poll(two))).toEqual({ ...outcome('redeemed'), ...pairBy('device_code') })
    expect(await moved(poll(two))).not.toHaveProperty('device_codes_total{outcome="redeemed"}')
  })

  it('that nobody answers runs out, once', async () => {
    const { id } = await scene.oauth.register()
    await scene.oauth.post('/oauth/device_authorization', { client_id: id })
    const wait = async () => scene.clock.advance(30 * minute)
    expect(await moved(wait)).toEqual({ ...outcome('expired'), device_codes_pending: -1 })
    expect(await moved(wait)).toEqual({})
  })
})

describe('T31: an API key', () => {
  const created = { 'api_keys_created_total{actor="user"}': 1 }
  const gone = (actor: string, reason: string) => ({
    [`api_keys_revoked_total{actor="${actor}",reason="${reason}"}`]: 1,
  })
  const make = (person: Known, days: string) => () =>
    person.browser.submit('/account/keys/new', '/account/keys/new', { name: 'laptop', days })

  it('is created, rotated and revoked, each once', async () => {
    const person = await keyless('keeper')
    expect(await moved(make(person, '30'))).toEqual({ ...created, api_keys_active: 1 })
    const rotate = () => person.browser.submit('/account/keys', '/account/keys/rotate')
    expect(await moved(rotate)).toEqual({ ...created, ...gone('user', 'rotated') })
    const keys = await scene.gateway.store.apiKeys.list({ userId: person.userId })
    const [old, now] = [keys.find((key) => key.replacedBy !== null), keys.find((key) => isFresh(key))]
    const revoke =
      (id = '') =>
      () =>
        person.browser.submit('/account/keys', '/account/keys/revoke', { id })
    // Rotated before: it has ended for that.
    expect(await moved(revoke(old?.id))).toEqual({})
    expect(await moved(revoke(now?.id))).toEqual({ ...gone('user', 'revoked'), api_keys_active: -1 })
  })

  it('expires by itself, once', async () => {
    // What other tests have left runs out first.
    scene.clock.advance(100 * day)
    await scene.gateway.composed.runJobs()
    const person = await keyless('forgetful')
    await make(person, '30')()
    expect(await moved(async () => scene.clock.advance(29 * day))).not.toHaveProperty('api_keys_active')
    expect(await moved(async () => scene.clock.advance(2 * day))).toEqual({
      ...gone('system', 'expired'),
      api_keys_active: -1,
    })
    expect(await moved(async () => scene.clock.advance(day))).toEqual({})
  })

  /** Somebody signed in, without the key that each caller of the scene has. */
  async function keyless(word: string): Promise<Known> {
    const person = await signedIn(word)
    const { apiKeys } = scene.gateway.store
    for (const { id } of await apiKeys.list({ userId: person.userId })) {
      await apiKeys.revoke(id, scene.clock.now(), {}, operator)
    }
    return person
  }

  function isFresh(key: { readonly replacedBy: string | null; readonly revokedAt: number | null }): boolean {
    return key.replacedBy === null && key.revokedAt === null
  }
})

async function secondBrowser({ email }: Known) {
  const other = personAt(scene.gateway.url, email)
  await other.signIn()
  return other.browser
}
