import { afterEach, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { Failure } from '../../src/lib/error.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { authorizationUrl, obtain, post, refresh, registerClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
let store: Store
afterEach(async () => {
  await scene.close()
  await store.close()
})

/** A store that stops answering from the n-th question on; `null` while it is well. */
interface Frail {
  readonly store: Store
  failsIn: number | null
  /** From when on it answers again. */
  mendsIn: number
  asked: number
}

function frail(inner: Store): Frail {
  const state: Frail = { store: inner, failsIn: null, mendsIn: Infinity, asked: 0 }
  const wrap = (part: object): object =>
    new Proxy(part, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name)
        if (typeof value !== 'function') return value
        return (...given: unknown[]) => {
          state.asked += 1
          if (state.failsIn !== null && state.asked > state.failsIn && state.asked <= state.mendsIn) {
            throw new Failure({ code: 'store_unreachable', status: 503, message: 'away' })
          }
          return (value as (...all: unknown[]) => unknown).apply(target, given)
        }
      },
    })
  const ports = Object.entries(inner).map(([name, part]) => [
    name,
    typeof part === 'object' ? wrap(part) : part,
  ])
  return Object.assign(state, { store: Object.fromEntries(ports) as Store })
}

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

async function start() {
  store = openStore('sqlite::memory:', { clock: systemClock, random: systemRandom })
  const weak = frail(store)
  scene = await startScene({ store: weak.store })
  await scene.addUser('a')
  const known = await registerClient(scene, {
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
  })
  return { weak, known }
}

it('auth 7: an outage is 503 at every endpoint, and never says that anything presented were wrong', async () => {
  const { weak, known } = await start()
  const client_id = known.client.client_id
  const browser = scene.browser()
  const { tokens } = await obtain(scene, known, browser, {}, { signsInAs: 'usr_a' })
  const device = await post(scene, '/oauth/device_authorization', { client_id })
  const { url } = await authorizationUrl(known)
  weak.failsIn = weak.asked
  const answers = {
    code: await post(scene, '/oauth/token', {
      grant_type: 'authorization_code',
      code: 'x',
      code_verifier: 'x'.repeat(43),
      redirect_uri: known.redirectUri,
      client_id,
    }),
    refresh: await refresh(scene, known, tokens.refresh_token),
    device: await post(scene, '/oauth/token', {
      grant_type: deviceGrant,
      device_code: String(device.body['device_code']),
      client_id,
    }),
    start: await post(scene, '/oauth/device_authorization', { client_id }),
    introspect: await post(scene, '/oauth/introspect', { token: tokens.access_token, client_id }),
    introspectOther: await post(scene, '/oauth/introspect', { token: 'x', client_id }),
    revoke: await post(scene, '/oauth/revoke', { token: tokens.refresh_token ?? '', client_id }),
  }
  for (const [what, { status, body, headers }] of Object.entries(answers)) {
    expect([status, body['error']], what).toStrictEqual([503, 'temporarily_unavailable'])
    expect(headers.get('retry-after'), what).toBe('5')
    expect(headers.get('www-authenticate'), what).toBeNull()
  }
  const more = [
    await fetch(`${scene.origin}/oauth/userinfo`, {
      headers: { authorization: `Bearer ${tokens.access_token}` },
    }),
    await fetch(`${scene.origin}/oauth/register`, {
      method: 'POST',
      body: JSON.stringify({ redirect_uris: [known.redirectUri], token_endpoint_auth_method: 'none' }),
    }),
  ]
  expect(more.map(({ status }) => status)).toStrictEqual([503, 503])
  for (const address of [url, `${scene.issuer}/device`]) expect((await browser.get(address)).status).toBe(503)
  const anonymous = await scene.browser().get(url)
  expect(anonymous.status).toBe(503)
  expect(JSON.parse(anonymous.text)).toMatchObject({ page: 'error', code: 'temporarily_unavailable' })
  expect(scene.refused).toStrictEqual([])
  // One for each request: the browser's two end where its session is looked up.
  expect(scene.count('store_query_failed', { operation: 'authorization_server' })).toBe(10)
  expect(scene.count('store_query_failed', { operation: 'find_login_session' })).toBe(2)
  expect(scene.count('store_query_failed')).toBe(12)
  weak.failsIn = null
  expect((await refresh(scene, known, tokens.refresh_token)).status).toBe(200)
})

it('auth 13: an outage at any moment of a refresh signs nobody out', async () => {
  const { weak, known } = await start()
  const { tokens } = await obtain(scene, known, scene.browser(), {}, { signsInAs: 'usr_a' })
  let token = tokens.refresh_token
  let failures = 0
  for (let step = 0; ; step += 1) {
    weak.failsIn = weak.asked + step
    const broken = await refresh(scene, known, token)
    weak.failsIn = null
    // Far beyond the grace period: it is the lost answer that is forgiven, not the haste.
    scene.clock.advance(60_000)
    if (broken.status === 200) break
    failures += 1
    expect([broken.status, broken.body['error']]).toStrictEqual([503, 'temporarily_unavailable'])
    const mended = await refresh(scene, known, token)
    expect(mended.status, `after a failure at step ${step}`).toBe(200)
    token = String(mended.body['refresh_token'])
  }
  expect(failures).toBeGreaterThan(3)
  expect(scene.count('token_revoked')).toBe(0)
})

it('auth 12: an outage while a person answers a device leaves the code as it was', async () => {
  const { weak, known } = await start()
  const client_id = known.client.client_id
  const browser = scene.browser()
  await browser.signIn('usr_a')
  const device = await post(scene, '/oauth/device_authorization', { client_id })
  const page = JSON.parse((await browser.get(`${scene.issuer}/device`)).text) as {
    form: { action: string; hidden: [string, string][] }
  }
  const form = { ...Object.fromEntries(page.form.hidden), user_code: String(device.body['user_code']) }
  let failures = 0
  for (let step = 0; ; step += 1) {
    // It comes and goes: what the library writes after a failure may well get through.
    weak.failsIn = weak.asked + step
    weak.mendsIn = weak.failsIn + 1
    const confirmed = await browser.post(page.form.action, { ...form, confirm: 'yes' })
    weak.failsIn = null
    if (confirmed.status === 303) break
    failures += 1
    expect(confirmed.status).toBe(503)
    scene.clock.advance(5000)
    const polled = await post(scene, '/oauth/token', {
      grant_type: deviceGrant,
      device_code: String(device.body['device_code']),
      client_id,
    })
    expect(polled.body['error'], `after a failure at step ${step}`).toBe('authorization_pending')
  }
  expect(failures).toBeGreaterThan(3)
})
