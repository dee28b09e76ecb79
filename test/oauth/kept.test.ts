import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { authorizationUrl, memberOf, obtain, post, refresh, registerClient } from './client.ts'
import { startScene } from './scene.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sallyport-kept-'))
})
afterAll(() => rm(folder, { recursive: true }))

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'

it('whoever reads the store finds no token, code, cookie or secret that could be used', async () => {
  const file = join(folder, 'kept.db')
  const store = openStore(`sqlite:${file}`, { clock: systemClock, random: systemRandom })
  const scene = await startScene({ store })
  await scene.addUser('a')
  const known = await registerClient(scene, {
    token_endpoint_auth_method: 'client_secret_post',
    grant_types: ['authorization_code', 'refresh_token', deviceGrant],
  })
  const secret = memberOf(known, 'client_secret')
  const browser = scene.browser()
  const obtained = await obtain(scene, known, browser, { scope: 'openid' }, { signsInAs: 'usr_a' })
  const next = await refresh(scene, known, obtained.tokens.refresh_token, { client_secret: secret })
  const waiting = await browser.get((await authorizationUrl(known, { prompt: 'consent' })).url)
  const device = await post(scene, '/oauth/device_authorization', {
    client_id: known.client.client_id,
    client_secret: secret,
  })
  const userCode = String(device.body['user_code'])
  const page = JSON.parse((await browser.get(`${scene.issuer}/device`)).text) as {
    form: { hidden: [string, string][] }
  }
  const form = { ...Object.fromEntries(page.form.hidden), user_code: userCode, confirm: 'yes' }
  const confirmed = await browser.post(`${scene.issuer}/device`, form)
  expect(confirmed.location?.pathname).toMatch(/^\/consent\//)

  const secrets = {
    clientSecret: secret,
    registrationToken: memberOf(known, 'registration_access_token'),
    code: obtained.code,
    verifier: obtained.verifier,
    accessToken: obtained.tokens.access_token,
    idToken: obtained.tokens.id_token,
    refreshToken: obtained.tokens.refresh_token,
    nextRefreshToken: String(next.body['refresh_token']),
    interaction: waiting.location?.pathname.split('/').at(-1),
    deviceInteraction: confirmed.location?.pathname.split('/').at(-1),
    deviceCode: String(device.body['device_code']),
    userCode,
    plainUserCode: userCode.replace('-', ''),
    formSecret: form['xsrf' as keyof typeof form],
    ...Object.fromEntries(browser.cookies.map(({ name, value }) => [`cookie ${name}`, value])),
  }
  const database = new DatabaseSync(file)
  const tables = database.prepare("select name from sqlite_schema where type = 'table'").all()
  const text = tables
    .map(({ name }) => JSON.stringify(database.prepare(`select * from ${String(name)}`).all()))
    .join('\n')
  database.close()
  expect(text).toContain(known.client.client_id)
  for (const [what, value] of Object.entries(secrets)) {
    expect(value, what).toMatch(/^.{8,}$/)
    expect(text.includes(value ?? ''), what).toBe(false)
  }
  await scene.close()
  await store.close()
})
