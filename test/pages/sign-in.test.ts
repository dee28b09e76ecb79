import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { RedirectProvider } from '../../src/identity/sign-in-provider.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { operator } from '../support/gateway.ts'
import { formOf, PageBrowser } from '../support/page-browser.ts'
import { password, startPages } from '../support/pages-scene.ts'
import type { PagesScene } from '../support/pages-scene.ts'
import { issueKey } from '../../src/identity/key-lifecycle.ts'
import { systemRandom } from '../../src/lib/random.ts'

const email = 'ada@example.com'
const sessionCookie = 'sallyport'

/** Somebody else's sign-in page: it vouches for whoever brings the code `good`. */
const company: RedirectProvider = {
  name: 'oidc',
  label: 'your company',
  begin: ({ state }) => Promise.resolve(new URL(`https://idp.example/authorize?state=${state}`)),
  finish: (callback) =>
    Promise.resolve(
      callback.searchParams.get('code') === 'good'
        ? {
            vouched: {
              provider: 'local',
              issuer: 'i',
              subject: 'usr_ada',
              email: null,
              emailVerified: false,
            },
          }
        : { refused: 'bad code' },
    ),
}

let scene: PagesScene
let browser: PageBrowser

beforeEach(async () => {
  scene = await startPages({ redirectProviders: [company] })
  await scene.addUser('ada')
  browser = new PageBrowser(scene.url)
})
afterEach(() => scene.close())

const active = async () => (await scene.loginSessions.list('usr_ada')).length

describe('the way in', () => {
  it('auth 18, 20: a form without any script, a cookie for this host alone, and on with a GET', async () => {
    const page = await browser.get('/login')
    expect(page.status).toBe(200)
    expect(page.text).not.toContain('<script')
    expect(page.text).toMatch(/autocomplete="username"[\s\S]*autocomplete="current-password"/)
    const answer = await browser.signIn(email, password)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account'])
    const cookie = answer.headers.getSetCookie().find((one) => one.startsWith(`${sessionCookie}=`))
    expect(cookie).toMatch(/^sallyport=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/)
    expect((await browser.get('/account')).text).toContain(email)
  })

  it('"keep me signed in" makes the cookie outlive the browser', async () => {
    const answer = await browser.signIn(email, password, { remember: 'yes' })
    expect(answer.headers.getSetCookie().join()).toContain(`Max-Age=${30 * 24 * 3600}`)
  })

  it('leads on to where it was for', async () => {
    const page = '/login?next=%2Faccount%2Fkeys'
    expect((await browser.signIn(email, password, {}, page)).headers.get('location')).toBe('/account/keys')
  })

  it.each(['//evil.example', '/\\evil.example', 'https://evil.example', '/%2Fevil.example', '/account\t'])(
    'T17: never to %j, whether asked in the query or in the form',
    async (next) => {
      const page = `/login?next=${encodeURIComponent(next)}`
      expect((await browser.get(page)).text).toContain('name="next" value="/account"')
      expect((await browser.signIn(email, password, { next }, page)).headers.get('location')).toBe('/account')
      const again = await browser.get(page)
      expect([again.status, again.headers.get('location')]).toEqual([303, '/account'])
    },
  )

  it('sends on who is signed in, unless they want to be somebody else', async () => {
    await browser.signIn(email, password)
    expect((await browser.get('/login?next=/account/apps')).headers.get('location')).toBe('/account/apps')
    expect((await browser.get('/login?switch=1')).status).toBe(200)
  })

  it('works below the path of the public URL', async () => {
    const below = await startPages({ base: '/below' })
    await below.addUser('ada')
    const there = new PageBrowser(below.url.replace('/below', ''))
    const page = await there.get('/below/login')
    const style = /href="([^"]+\.css)"/.exec(page.text)?.[1] ?? ''
    expect((await there.get(style)).headers.get('content-type')).toContain('text/css')
    const answer = await there.submit('/below/login', '/below/login', { email, password })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/below/account'])
    await below.close()
  })
})

describe('auth 19: the way to nowhere', () => {
  it('an unknown address and a wrong password read alike, byte for byte', async () => {
    const bodies = []
    for (const typed of ['ada@example.com', 'eve@example.com']) {
      const answer = await new PageBrowser(scene.url).signIn(typed, 'wrong password!')
      expect(answer.status).toBe(403)
      bodies.push(answer.text.replaceAll(typed, 'X').replaceAll(/name="token" value="[^"]*"/g, ''))
    }
    expect(bodies[0]).toBe(bodies[1])
    expect(bodies[0]).toContain('The e-mail address or the password is wrong.')
  })

  it('keeps the address that was typed, escaped, and never the password', async () => {
    const { text } = await browser.signIn('"><script>x', 'wrong password!')
    expect(text).toContain('value="&quot;&gt;&lt;script&gt;x"')
    expect(text).not.toContain('wrong password!')
  })

  it('says how long to wait once the budget is used up', async () => {
    for (let attempt = 0; attempt < 5; attempt += 1) await browser.signIn(email, 'wrong password!')
    const answer = await browser.signIn(email, password)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.text).toContain('There were too many attempts. Wait ')
    expect(scene.series('sallyport_rate_limit_exceeded_total{endpoint="login"}')).toBe(1)
  })
})

describe('a session', () => {
  it('has a new id with each sign-in, whatever the browser came with (no fixation)', async () => {
    const planted = 'A'.repeat(43)
    browser.jar.set(sessionCookie, planted)
    await browser.signIn(email, password)
    const first = browser.jar.get(sessionCookie)
    expect(first).not.toBe(planted)
    await browser.signIn(email, password, {}, '/login?switch=1')
    const second = browser.jar.get(sessionCookie)
    expect(second).not.toBe(first)
    expect(await active()).toBe(1)
    const stale = new PageBrowser(scene.url)
    stale.jar.set(sessionCookie, first ?? '')
    expect((await stale.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
  })

  it('a cookie of its name that is there twice counts for nothing', async () => {
    await browser.signIn(email, password)
    const value = browser.jar.get(sessionCookie)
    const cookie = `sallyport=${value}; sallyport=${'B'.repeat(43)}`
    const answer = await new PageBrowser(scene.url).get('/account', { Cookie: cookie })
    expect(answer.status).toBe(303)
  })

  it('auth 21: no key and no token opens the account, in whatever header', async () => {
    const { store, clock } = scene
    const wanted = { userId: 'usr_ada', workspace: 'default', name: 'k', scopes: ['*'], upstreams: [] }
    const parts = { apiKeys: store.apiKeys, clock, random: systemRandom }
    const issued = await issueKey({ ...wanted, expiresInDays: null, maxPerUser: 9 }, operator, parts)
    const key = issued.outcome === 'created' ? issued.key : ''
    for (const path of ['/account', '/account/apps', '/account/keys', '/account/keys/new']) {
      const answer = await browser.get(path, { Authorization: `Bearer ${key}` })
      expect([answer.status, answer.headers.get('location')?.startsWith('/login?next=')]).toEqual([303, true])
    }
    const made = await browser.post('/account/keys/new', { name: 'x' }, { Authorization: `Bearer ${key}` })
    expect(made.status).toBe(303)
    expect(await store.apiKeys.list({ userId: 'usr_ada' })).toHaveLength(1)
  })

  it('a link shows the button, and the button ends it', async () => {
    await browser.signIn(email, password)
    expect((await browser.get('/logout')).text).toContain('Sign out?')
    expect(await active()).toBe(1)
    const answer = await browser.submit('/logout', '/logout')
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/login?done=signed-out'])
    expect(await active()).toBe(0)
    expect(browser.jar.get(sessionCookie)).toBeUndefined()
  })

  it('T31: signing out without one ends nothing and counts nothing', async () => {
    await browser.signIn(email, password)
    expect((await new PageBrowser(scene.url).post('/logout', {})).status).toBe(303)
    expect(await active()).toBe(1)
    expect(scene.series('sallyport_login_sessions_ended_total{reason="logout"}')).toBe(0)
  })
})

describe('a store that is out', () => {
  it('auth 7: is 503 and no sign-out, on pages and forms', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sallyport-pages-'))
    const location = `sqlite:${join(folder, 'pages.db')}`
    const there = await startPages({ location })
    const database = openDatabase(location)
    try {
      await there.addUser('ada')
      const someone = new PageBrowser(there.url)
      await someone.signIn(email, password)
      const failed = (operation: string) =>
        there.series(`sallyport_store_query_errors_total{operation="${operation}"}`)
      await sql`alter table login_sessions rename to login_sessions_away`.execute(database.kysely)
      for (const answer of [await someone.get('/account'), await someone.post('/logout', {})]) {
        expect(answer.status).toBe(503)
        expect(answer.headers.get('content-type')).toContain('text/html')
        expect(answer.text).toContain('We will be back in a moment')
        expect(answer.headers.getSetCookie()).toEqual([])
      }
      // Each of the two counts once, whoever it passes on its way out.
      expect([failed('find_login_session'), failed('page')]).toEqual([2, 0])
      await sql`alter table login_sessions_away rename to login_sessions`.execute(database.kysely)
      await sql`alter table consents rename to consents_away`.execute(database.kysely)
      expect((await someone.get('/account/apps')).status).toBe(503)
      expect([failed('find_login_session'), failed('page')]).toEqual([2, 1])
      await sql`alter table consents_away rename to consents`.execute(database.kysely)
      expect((await someone.get('/account')).status).toBe(200)
    } finally {
      await database.close()
      await there.close()
      await rm(folder, { recursive: true })
    }
  })
})

describe('a provider with a page of its own', () => {
  it('gets the browser by a link, and gives it back signed in', async () => {
    const begun = await browser.get('/login/begin/oidc?next=/account/keys')
    const to = new URL(begun.headers.get('location') ?? '')
    expect(to.origin).toBe('https://idp.example')
    const state = to.searchParams.get('state') ?? ''
    const back = await browser.get(`/login/callback/oidc?code=good&state=${state}`)
    expect([back.status, back.headers.get('location')]).toEqual([303, '/account/keys'])
    expect((await browser.get('/account/keys')).status).toBe(200)
  })

  it('keeps them signed in where they ask for that, by a form whose way on is a page (T53)', async () => {
    const { text } = await browser.get('/login?next=/account/keys')
    const form = formOf(text, '/login/begin/oidc')
    expect(form).toEqual({ by: 'form', next: '/account/keys' })
    const query = new URLSearchParams({ ...form, remember: 'yes' }).toString()
    const begun = await browser.get(`/login/begin/oidc?${query}`)
    expect(begun.status).toBe(200)
    const to = /http-equiv="refresh" content="0;url=([^"]+)"/.exec(begun.text)?.[1] ?? ''
    expect(begun.text).toContain(`href="${to}"`)
    const state = new URL(to).searchParams.get('state') ?? ''
    const back = await browser.get(`/login/callback/oidc?code=good&state=${state}`)
    expect(back.headers.get('location')).toBe('/account/keys')
    expect(back.headers.getSetCookie().join()).toContain(`Max-Age=${30 * 24 * 3600}`)
  })

  it('cannot sign in a browser that did not begin (login CSRF)', async () => {
    const begun = await browser.get('/login/begin/oidc')
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const victim = new PageBrowser(scene.url)
    const back = await victim.get(`/login/callback/oidc?code=good&state=${state}`)
    expect(back.status).toBe(403)
    expect(victim.jar.get(sessionCookie)).toBeUndefined()
    expect(back.text).toContain('was begun in another browser')
  })

  it('that is not set up is not there', async () => {
    expect((await browser.get('/login/begin/github')).status).toBe(404)
    expect((await browser.get('/login/callback/github?code=good')).status).toBe(404)
  })

  it('says so when it does not vouch', async () => {
    const begun = await browser.get('/login/begin/oidc')
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    const back = await browser.get(`/login/callback/oidc?code=bad&state=${state}`)
    expect([back.status, back.text.includes('did not confirm who you are')]).toEqual([403, true])
    expect(scene.logged.join()).toContain('bad code')
  })
})
