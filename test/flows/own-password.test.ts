import { afterEach, expect, it } from 'vitest'
import { setPassword } from '../../src/identity/set-password.ts'
import { createPasswordHashing } from '../../src/identity/password-hashing.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/secret.ts'
import { seriesValue } from '../support/asking.ts'
import { operator, startGateway, testPassword } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { PageBrowser } from '../support/page-browser.ts'
import { meet } from '../support/person.ts'

const upstreams = [{ name: 'code', url: 'http://127.0.0.1:1/mcp' }]
const path = '/account/password'
const chosen = 'another horse, another staple'

let gateway: TestGateway
afterEach(() => gateway.close())

it('auth 18: a password that its owner changes ends their other sessions, and is the one that counts', async () => {
  gateway = await startGateway({ upstreams })
  const ada = await meet(gateway, 'ada@example.com')
  const phone = new PageBrowser(gateway.url)
  await ada.signIn()
  await phone.signIn(ada.email, testPassword)
  const ended = () =>
    seriesValue(gateway.port, 'sallyport_login_sessions_ended_total{reason="password_changed"}')
  const before = await ended()
  const wrong = await ada.browser.submit(path, path, { current: 'wrong password!', chosen })
  expect(wrong.status).toBe(403)
  const changed = await ada.browser.submit(path, path, { current: testPassword, chosen })
  expect(changed.headers.get('location')).toBe(`${path}?done=password-changed`)
  expect((await ended()) - before).toBe(1)
  expect([(await ada.browser.get('/account')).status, (await phone.get('/account')).status]).toEqual([
    200, 303,
  ])
  expect((await new PageBrowser(gateway.url).signIn(ada.email, testPassword)).status).toBe(403)
  expect((await phone.signIn(ada.email, chosen)).status).toBe(303)
  expect(gateway.logged.join()).not.toContain(chosen)
})

it('a one-time password leads to the choice of another one', async () => {
  gateway = await startGateway({ upstreams })
  const { id: userId, email } = await gateway.addUser('ada@example.com')
  const hashing = createPasswordHashing(
    { memoryCost: 64, timeCost: 1, parallelism: 1 },
    { random: systemRandom },
  )
  const { passwords } = gateway.store
  const request = { userId, email, password: new Secret(testPassword), oneTime: true, keepSessionId: null }
  await setPassword(request, operator, { passwords, hashing, clock: systemClock })
  const browser = new PageBrowser(gateway.url)
  const answer = await browser.signIn(email, testPassword)
  expect(answer.headers.get('location')).toBe(`${path}?next=%2Faccount`)
  const set = await browser.submit(path, path, { chosen })
  expect(set.headers.get('location')).toBe('/account?done=password-set')
  expect((await new PageBrowser(gateway.url).signIn(email, chosen)).headers.get('location')).toBe('/account')
})

it('where people sign in elsewhere alone, there is no page for a password', async () => {
  const github = { clientId: 'id', clientSecret: 'secret' }
  gateway = await startGateway({ upstreams, settings: { auth: { providers: ['github'], github } } })
  expect((await new PageBrowser(gateway.url).get(path)).status).toBe(404)
})
