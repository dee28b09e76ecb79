import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/lib/hash.ts'
import type { Answer, TestBrowser } from './browser.ts'
import { post, reach, refresh, registerClient } from './client.ts'
import type { TestClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
let scene: Scene
let known: TestClient
afterEach(() => scene.close())

async function start(metadata: Readonly<Record<string, unknown>> = {}) {
  scene = await startScene()
  await scene.addUser('a')
  known = await registerClient(scene, {
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
    ...metadata,
  })
}

async function authorize(): Promise<oauth.DeviceAuthorizationResponse> {
  const response = await oauth.deviceAuthorizationRequest(
    known.as,
    known.client,
    known.auth,
    {},
    reach(scene),
  )
  return oauth.processDeviceAuthorizationResponse(known.as, known.client, response)
}

const poll = (code: string, client = known) =>
  post(scene, '/oauth/token', {
    grant_type: deviceGrant,
    device_code: code,
    client_id: client.client.client_id,
  })
const errorOf = async (code: string) => (await poll(code)).body['error']

interface Page {
  readonly page: string
  readonly form: { readonly action: string; readonly hidden: readonly (readonly [string, string])[] }
  readonly error?: string | null
  readonly userCode?: string
  readonly outcome?: string
  readonly client?: unknown
}
const pageOf = ({ text }: Answer) => JSON.parse(text) as Page
const send = (browser: TestBrowser, { form }: Page, more: Record<string, string>) =>
  browser.post(form.action, { ...Object.fromEntries(form.hidden), ...more })

/** Types the code in, and answers the page that asks whether it is the right one. */
async function enter(browser: TestBrowser, userCode: string): Promise<Page> {
  const asked = pageOf(await browser.get(`${scene.issuer}/device`))
  return pageOf(await send(browser, asked, { user_code: userCode }))
}

async function signedInBrowser(): Promise<TestBrowser> {
  const browser = scene.browser()
  await browser.signIn('usr_a')
  return browser
}

/** All of the person's part. */
async function allow(userCode: string, browser: TestBrowser, workspace = 'default') {
  const confirmed = await send(browser, await enter(browser, userCode), {})
  return browser.walk(confirmed.location ?? '', { workspace })
}

describe('auth 12: the device flow (RFC 8628)', () => {
  it('gives a device a token once its person has agreed', async () => {
    await start()
    const { device_code: code, user_code: userCode, verification_uri: uri, expires_in } = await authorize()
    expect(uri).toBe(`${scene.issuer}/device`)
    expect(expires_in).toBe(600)
    // No letters that look alike, and no vowels that could make words.
    expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
    expect(await errorOf(code)).toBe('authorization_pending')
    const browser = await signedInBrowser()
    const confirm = await enter(browser, userCode.toLowerCase().replace('-', ' '))
    expect(confirm).toMatchObject({ page: 'deviceConfirm', userCode, client: { name: 'Test client' } })
    const { last, shown } = await allow(userCode, browser)
    expect(shown).toMatchObject([{ redirectHost: null, localOnly: true, formAction: [] }])
    expect(pageOf(last)).toMatchObject({ page: 'deviceDone', outcome: 'allowed' })
    const answered = await poll(code)
    expect(answered.status).toBe(200)
    expect(decodeJwt(String(answered.body['access_token']))).toMatchObject({
      sub: 'usr_a',
      aud: `${scene.issuer}/mcp`,
      workspace: 'default',
    })
    expect((await refresh(scene, known, String(answered.body['refresh_token']))).status).toBe(200)
    for (const outcome of ['issued', 'authorized', 'redeemed']) {
      expect(scene.count('device_code_changed', { outcome }), outcome).toBe(1)
    }
    expect(scene.count('device_code_changed')).toBe(3)
    expect(scene.count('consent_granted', { flow: 'device_code' })).toBe(1)
    expect(scene.count('token_issued', { token_type: 'access', grant_type: 'device_code' })).toBe(1)
  })

  it('a code is used once', async () => {
    await start()
    const { device_code: code, user_code: userCode } = await authorize()
    const browser = await signedInBrowser()
    await allow(userCode, browser)
    const answers = await Promise.all([poll(code), poll(code), poll(code)])
    expect(answers.map(({ status }) => status).toSorted()).toStrictEqual([200, 400, 400])
    expect(await errorOf(code)).toBe('invalid_grant')
    expect(scene.count('device_code_changed', { outcome: 'redeemed' })).toBe(1)
    expect(await enter(browser, userCode)).toMatchObject({ page: 'deviceCode', error: 'used' })
  })

  it('tells a device that asks too fast to slow down', async () => {
    await start()
    const { device_code: code } = await authorize()
    expect(await errorOf(code)).toBe('authorization_pending')
    expect(await errorOf(code)).toBe('slow_down')
    scene.clock.advance(3000)
    expect(await errorOf(code)).toBe('slow_down')
    scene.clock.advance(5000)
    expect(await errorOf(code)).toBe('authorization_pending')
  })

  it('a person may refuse, when the code is shown and when consent is asked', async () => {
    await start()
    const browser = await signedInBrowser()
    const first = await authorize()
    const aborted = await send(browser, await enter(browser, first.user_code), { abort: 'yes' })
    expect(pageOf(aborted)).toMatchObject({ page: 'deviceDone', outcome: 'denied' })
    expect(await errorOf(first.device_code)).toBe('access_denied')
    expect(await errorOf(first.device_code)).toBe('access_denied')
    const second = await authorize()
    const confirmed = await send(browser, await enter(browser, second.user_code), {})
    const { last } = await browser.walk(confirmed.location ?? '', { deny: true })
    expect(pageOf(last)).toMatchObject({ page: 'deviceDone', outcome: 'denied' })
    expect(await errorOf(second.device_code)).toBe('access_denied')
    expect(scene.count('device_code_changed', { outcome: 'denied' })).toBe(2)
    expect(scene.count('device_code_changed', { outcome: 'redeemed' })).toBe(0)
  })

  it('a code that runs out says so, to the device and to its person, and is counted once', async () => {
    await start()
    const { device_code: code, user_code: userCode } = await authorize()
    expect(await scene.store.artifacts.countPendingDeviceCodes(scene.clock.now())).toBe(1)
    scene.clock.advance(601_000)
    expect(await scene.store.artifacts.countPendingDeviceCodes(scene.clock.now())).toBe(0)
    expect(await errorOf(code)).toBe('expired_token')
    expect(await enter(await signedInBrowser(), userCode)).toMatchObject({ error: 'expired' })
    for (let round = 0; round < 3; round += 1) await scene.server.sweep()
    expect(scene.count('device_code_changed', { outcome: 'expired' })).toBe(1)
    expect(await errorOf(code)).toBe('expired_token')
    scene.clock.advance(2 * 86_400_000)
    await scene.server.sweep()
    expect(await errorOf(code)).toBe('invalid_grant')
    expect(scene.count('device_code_changed', { outcome: 'expired' })).toBe(1)
  })

  it('the link with the code in it shows the code at once, without a script', async () => {
    await start()
    const { verification_uri_complete: uri = '', user_code: userCode } = await authorize()
    const browser = await signedInBrowser()
    const shown = await browser.get(uri)
    expect(shown.status).toBe(200)
    expect(pageOf(shown)).toMatchObject({ page: 'deviceConfirm', userCode })
  })

  it('asks for a sign-in first, and leads back', async () => {
    await start()
    const browser = scene.browser()
    const { location } = await browser.get(`${scene.issuer}/device?user_code=BCDF-GHJK`)
    expect(location?.href).toBe(
      `${scene.issuer}/login?next=${encodeURIComponent('/device?user_code=BCDF-GHJK')}`,
    )
    const sent = await browser.post(`${scene.issuer}/device`, { user_code: 'BCDF-GHJK' })
    expect(sent.location?.pathname).toBe('/login')
  })

  it('says what is wrong with a code', async () => {
    await start()
    const browser = await signedInBrowser()
    expect(await enter(browser, 'BBBB-BBBB')).toMatchObject({ page: 'deviceCode', error: 'not_found' })
    expect(await enter(browser, '')).toMatchObject({ page: 'deviceCode', error: 'no_code' })
    scene.exhausted.add('device_verify')
    const asked = await browser.get(`${scene.issuer}/device`)
    const limited = await send(browser, pageOf(asked), { user_code: 'BBBB-BBBB' })
    expect([limited.status, limited.headers.get('retry-after')]).toStrictEqual([429, '7'])
  })

  it('takes no form of another site, nor one of another session', async () => {
    await start()
    const { user_code: userCode, device_code: code } = await authorize()
    const browser = await signedInBrowser()
    const form = { user_code: userCode, confirm: 'yes' }
    for (const xsrf of [{}, { xsrf: '' }, { xsrf: '0'.repeat(64) }]) {
      const sent = await browser.post(`${scene.issuer}/device`, { ...form, ...xsrf })
      expect(sent.status).toBe(400)
      expect(pageOf(sent)).toMatchObject({ page: 'error' })
    }
    const other = await signedInBrowser()
    const theirs = pageOf(await other.get(`${scene.issuer}/device`))
    expect(
      (await browser.post(`${scene.issuer}/device`, { ...Object.fromEntries(theirs.form.hidden), ...form }))
        .status,
    ).toBe(400)
    expect(await errorOf(code)).toBe('authorization_pending')
    expect(new Set(scene.refused)).toStrictEqual(new Set(['csrf_failed']))
  })

  it('is decided by whoever is first', async () => {
    await start()
    await scene.addUser('b')
    const { user_code: userCode, device_code: code } = await authorize()
    const [one, two] = [await signedInBrowser(), scene.browser()]
    await two.signIn('usr_b')
    const confirmed = await Promise.all(
      [one, two].map(async (browser) => send(browser, await enter(browser, userCode), {})),
    )
    await one.walk(confirmed[0]?.location ?? '')
    await two.walk(confirmed[1]?.location ?? '')
    expect(decodeJwt(String((await poll(code)).body['access_token'])).sub).toBe('usr_a')
    expect(scene.count('device_code_changed', { outcome: 'authorized' })).toBe(1)
  })

  it('a code is for the client it was issued to, and for clients registered for it', async () => {
    await start()
    const other = await registerClient(scene, { grant_types: [deviceGrant], redirect_uris: [] })
    const { device_code: code, user_code: userCode } = await authorize()
    await allow(userCode, await signedInBrowser())
    expect((await poll(code, other)).body['error']).toBe('invalid_grant')
    const plain = await registerClient(scene)
    const refused = await post(scene, '/oauth/device_authorization', { client_id: plain.client.client_id })
    expect(refused.status).toBe(400)
    // What the person's side calls it is nothing a device can present.
    expect((await poll(`hash of ${sha256Hex(code)}`)).body['error']).toBe('invalid_grant')
    expect((await poll(code)).status).toBe(200)
  })

  it.each(['none', 'client_secret_basic'])(
    'T52: asks for consent every time, of a client that authenticates by %s',
    async (method) => {
      const redirects = { redirect_uris: ['https://app.example/client/callback'] }
      await start({ ...redirects, token_endpoint_auth_method: method })
      const browser = await signedInBrowser()
      for (let round = 0; round < 2; round += 1) {
        const { user_code: userCode } = await authorize()
        expect((await allow(userCode, browser)).shown).toHaveLength(1)
      }
    },
  )
})
