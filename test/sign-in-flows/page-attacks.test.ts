import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriesValue } from '../support/asking.ts'
import { startGateway, testPassword } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller } from '../support/oauth-caller.ts'
import type { RegisteredClient } from '../support/oauth-caller.ts'
import { formOf, PageBrowser } from '../support/page-browser.ts'
import type { ArrivedPage } from '../support/page-browser.ts'
import { meet, personAt } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { formsOf, walkPages } from './page-walk.ts'
import type { FoundForm, Walk } from './page-walk.ts'

let upstream: RecordingUpstream
let gateway: TestGateway
let oauth: OauthCaller
let client: RegisteredClient
let ada: Person & { readonly userId: string }
let eve: Person & { readonly userId: string }

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url, scopes: ['code:read'] }],
    settings: { limits: { enabled: false }, allowedOrigins: ['https://friend.example'] },
  })
  oauth = new OauthCaller(gateway.url)
  client = await oauth.register()
  ada = await settle('ada')
  eve = await settle('eve')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

/** Somebody with a second session, an app and a key: every list of the account has something to act on. */
async function settle(word: string) {
  const person = await meet(gateway, `${word}@example.com`, ['default', 'design'])
  await personAt(gateway.url, person.email).signIn()
  await oauth.connect(person, client)
  const user = { id: person.userId, email: person.email }
  await gateway.createKey(user as never)
  return person
}

/** Every page there is for somebody signed in, and a device's question, which comes only after an answer. */
async function walkAll({ browser }: Person): Promise<Walk> {
  const consent = await consentOf(browser)
  const walk = await walkPages(browser, ['/account', '/login?switch=1', '/logout', '/device', consent])
  const asked = await oauth.post('/oauth/device_authorization', { client_id: client.id })
  const code = String(asked.body['user_code'])
  const confirm = await browser.post('/device', {
    ...formOf(walk.pages.get('/device')?.text ?? '', '/device'),
    user_code: code,
  })
  const [form] = formsOf('the code of a device', confirm.text)
  if (form === undefined || !confirm.text.includes(code)) throw new Error('no question about the device')
  const pages = new Map([...walk.pages, [form.page, confirm]])
  return { pages, forms: [...walk.forms, form] }
}

/** The path of a request that waits for consent. */
async function consentOf(browser: PageBrowser): Promise<string> {
  const { url } = oauth.begin(client.id)
  const { headers } = await browser.get(url.href.slice(gateway.url.length))
  return new URL(headers.get('location') ?? '', gateway.url).pathname
}

const bindings = new Set(['token', 'xsrf'])
const rebound = ({ hidden }: FoundForm, value: (name: string) => string) =>
  Object.fromEntries(
    Object.entries(hidden).map(([name, own]) => [name, bindings.has(name) ? value(name) : own]),
  )

describe('CSRF: every form of every page', () => {
  it('is found by walking them', async () => {
    const { forms } = await walkAll(ada)
    const actions = forms.map(({ action }) => action.replace(/(\/consent)\/.*/, '$1/{uid}'))
    expect(actions.toSorted()).toEqual([
      '/account/apps/revoke',
      '/account/keys/new',
      '/account/keys/revoke',
      '/account/keys/rotate',
      '/account/password',
      '/account/sessions/end',
      '/account/sessions/end-others',
      '/consent/{uid}',
      '/device',
      '/device',
      '/login',
      '/logout',
    ])
    for (const form of forms) expect(Object.keys(form.hidden).some((name) => bindings.has(name))).toBe(true)
  })

  it('does nothing without what binds it to its browser, and nothing from another site', async () => {
    const [own, others] = [await walkAll(ada), await walkAll(eve)]
    const counts = async () => {
      const series = ['pages', 'oauth'].map(
        (surface) => `sallyport_auth_rejected_total{reason="csrf_failed",surface="${surface}"}`,
      )
      const values = await Promise.all(series.map((one) => seriesValue(gateway.port, one)))
      return values.reduce((sum, value) => sum + value, 0)
    }
    const before = await stateOf(ada)
    for (const [place, form] of own.forms.entries()) {
      const theirs = others.forms[place]?.hidden ?? {}
      const more = {
        email: ada.email,
        password: testPassword,
        answer: 'allow',
        workspace: 'default',
        name: 'x',
      }
      const attempts: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
        ['nothing', rebound(form, () => ''), {}],
        ['made up', rebound(form, () => 'A'.repeat(43)), {}],
        ["the attacker's own", rebound(form, (name) => theirs[name] ?? ''), {}],
        ['an allowed origin, which is for MCP', form.hidden, { Origin: 'https://friend.example' }],
        ['another site', form.hidden, { 'Sec-Fetch-Site': 'cross-site' }],
      ]
      for (const [what, fields, headers] of attempts) {
        // The authorization server's own page is answered as OAuth has it, when it gets there.
        const expected = form.action === '/device' && Object.keys(headers).length === 0 ? 400 : 403
        const counted = await counts()
        const { status } = await ada.browser.post(form.action, { ...more, ...fields }, headers)
        const after = await counts()
        expect([form.page, form.action, what, status, after - counted]).toEqual([
          form.page,
          form.action,
          what,
          expected,
          1,
        ])
      }
      const foreign = await ada.browser.post(form.action, form.hidden, { Origin: 'https://evil.example' })
      expect([form.action, foreign.status]).toEqual([form.action, 403])
    }
    expect(await stateOf(ada)).toEqual(before)
  })
})

/** What a forged form could change. */
async function stateOf({ browser, userId }: Person & { readonly userId: string }) {
  const { store } = gateway
  return {
    sessions: (await browser.get('/account')).text.match(/name="id" value="[^"]*"/g)?.length ?? 0,
    consents: (await store.consents.list(userId)).map(({ id }) => id),
    keys: (await store.apiKeys.list({})).filter((key) => key.userId === userId).map(({ id }) => id),
    cookie: browser.jar.get('sallyport'),
  }
}

describe('clickjacking and other fields', () => {
  const expectHard = (path: string, { headers, text }: ArrivedPage) => {
    const policy = headers.get('content-security-policy') ?? ''
    expect([path, policy]).toEqual([path, expect.stringContaining("frame-ancestors 'none'")])
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|\*/)
    expect([path, headers.get('x-frame-options')]).toEqual([path, 'DENY'])
    expect([path, headers.get('x-content-type-options')]).toEqual([path, 'nosniff'])
    expect([path, headers.get('referrer-policy')]).toEqual([path, 'same-origin'])
    expect([path, headers.get('cache-control')]).toEqual([path, expect.stringContaining('no-store')])
    expect(text).not.toMatch(
      /<script(?![^>]*\bsrc=")|\son\w+=|<iframe|https?:\/\/(?!127\.0\.0\.1)[^"]*\.(?:js|css)/,
    )
  }

  it('auth 15, 20: no page can be framed, and none has a script of its own in it', async () => {
    const { pages } = await walkAll(ada)
    expect(pages.size).toBeGreaterThan(7)
    for (const [path, page] of pages) expectHard(path, page)
  })

  it('nor those that say what is wrong', async () => {
    const { browser } = ada
    const consent = await consentOf(browser)
    const wrong: readonly (readonly [string, number, ArrivedPage])[] = [
      ['an unknown client', 400, await browser.get('/oauth/authorize?client_id=nobody&response_type=code')],
      ['an unknown request', 404, await browser.get('/consent/unknown')],
      ['a forged form', 403, await browser.post(consent, { token: 'x' })],
      ['a forged device form', 400, await browser.post('/device', { user_code: 'x' })],
      ['a wrong password', 403, await new PageBrowser(gateway.url).signIn(ada.email, 'wrong')],
    ]
    for (const [what, status, page] of wrong) {
      expect([what, page.status]).toEqual([what, status])
      expectHard(what, page)
    }
  })
})

describe('auth 19: session fixation', () => {
  it("a session planted by an attacker is not the victim's after sign-in, and knows nothing of it", async () => {
    const attacker = await meet(gateway, 'mallory@example.com')
    await attacker.signIn()
    const planted = attacker.browser.jar.get('sallyport') ?? ''
    const victim = personAt(gateway.url, ada.email)
    victim.browser.jar.set('sallyport', planted)
    const page = '/login?switch=1'
    const { status } = await victim.browser.signIn(ada.email, testPassword, {}, page)
    expect(status).toBe(303)
    expect(victim.browser.jar.get('sallyport')).not.toBe(planted)
    expect((await victim.browser.get('/account')).text).toContain(ada.email)
    const left = await attacker.browser.get('/account')
    expect([left.status, left.headers.get('location')]).toEqual([303, expect.stringContaining('/login')])
  })

  it('a made-up cookie becomes no session', async () => {
    const victim = personAt(gateway.url, ada.email)
    victim.browser.jar.set('sallyport', 'A'.repeat(43))
    await victim.signIn()
    expect(victim.browser.jar.get('sallyport')).not.toBe('A'.repeat(43))
  })

  it("an authorization request begun at the attacker's browser cannot be finished at the victim's", async () => {
    const path = await consentOf(eve.browser)
    const opened = await ada.browser.get(path)
    expect([opened.status, opened.text.includes('begun in another browser')]).toEqual([404, true])
    // And the other way round: whoever signs in through a planted link signs in at home.
    const fresh = personAt(gateway.url, ada.email)
    const { away, last } = await fresh.follow(`${gateway.url}/login?next=${encodeURIComponent(path)}`)
    expect([away, last.status]).toEqual([null, 404])
  })
})
