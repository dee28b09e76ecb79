import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formOf, PageBrowser } from '../support/page-browser.ts'
import { consentRequest } from '../support/page-gallery.ts'
import { password, startPages } from '../support/pages-scene.ts'
import type { PagesScene } from '../support/pages-scene.ts'

const email = 'ada@example.com'
const chosen = 'another horse, another staple'
const path = '/account/password'

let scene: PagesScene
let ada: PageBrowser

beforeEach(async () => {
  scene = await startPages()
  await scene.addUser('ada')
  ada = new PageBrowser(scene.url)
})
afterEach(() => scene.close())

const change = (browser: PageBrowser, current: string, next: string) =>
  browser.submit(path, path, { current, chosen: next })
const failures = (reason: string) => scene.series(`sallyport_login_sessions_ended_total{reason="${reason}"}`)
const canSignIn = async (secret: string) =>
  (await new PageBrowser(scene.url).signIn(email, secret)).status === 303
/** A session of somebody whose account is at GitHub. */
async function fromGithub(word: string): Promise<PageBrowser> {
  const signUp = {
    userId: `usr_${word}`,
    email: `${word}@example.com`,
    emailVerified: true,
    workspace: 'default',
  }
  const account = { provider: 'github', issuer: 'https://github.com', subject: word } as const
  await scene.store.linkedAccounts.resolve(account, { linkTo: null, signUp }, scene.clock.now())
  return signedIn(`usr_${word}`)
}
/** A session that GitHub began. */
async function signedIn(userId: string): Promise<PageBrowser> {
  const browser = new PageBrowser(scene.url)
  const userAgent = 'Mozilla/5.0 (X11; Linux) Firefox/140.0'
  const how = { remember: false, replaces: null }
  const from = { address: '127.0.0.1', userAgent }
  const started = await scene.loginSessions.start({ userId, provider: 'github' }, from, how)
  if (started.outcome === 'started') browser.jar.set('sallyport', started.cookieValue)
  return browser
}

describe('a password', () => {
  beforeEach(async () => void (await ada.signIn(email, password)))

  it("is changed by its owner; every other session ends for that, this one and others' live on", async () => {
    await scene.addUser('eve')
    const eve = new PageBrowser(scene.url)
    await eve.signIn('eve@example.com', password)
    const phone = new PageBrowser(scene.url)
    await phone.signIn(email, password)
    const answer = await change(ada, password, chosen)
    expect([answer.status, answer.headers.get('location')]).toEqual([303, `${path}?done=password-changed`])
    expect((await ada.get(`${path}?done=password-changed`)).text).toContain('Your password is changed.')
    expect((await phone.get('/account')).headers.get('location')).toBe('/login?next=%2Faccount')
    expect((await eve.get('/account')).status).toBe(200)
    expect(failures('password_changed')).toBe(1)
    expect([await canSignIn(password), await canSignIn(chosen)]).toEqual([false, true])
    const [row] = await scene.store.audit.list({ action: 'user.password_set', limit: 1 })
    expect(row).toMatchObject({ actorKind: 'user', actorId: 'usr_ada', target: 'usr_ada' })
  })

  it('is not changed without the current one', async () => {
    for (const current of ['wrong password!', '', 'x'.repeat(1025)]) {
      const { status, text } = await change(ada, current, chosen)
      expect([status, text.includes('The current password is wrong.')]).toEqual([403, true])
    }
    expect([await canSignIn(password), await canSignIn(chosen)]).toEqual([true, false])
  })

  it.each([
    ['short', 'must have at least 12 characters'],
    ['passwordpassword', 'is one of the first that anybody guesses'],
    ['ADA@example.com', 'must not be the e-mail address'],
    [password, 'must be another than the current one'],
  ])('%s is not taken, and the page says why', async (next, problem) => {
    const answer = await change(ada, password, next)
    expect([answer.status, answer.text.includes(`The new password ${problem}.`)]).toEqual([422, true])
    expect(answer.text).toContain('aria-invalid="true"')
    expect(answer.text).not.toContain(`value="${next}"`)
    expect(await canSignIn(password)).toBe(true)
  })

  it('says the rules before anybody breaks them', async () => {
    const { text } = await ada.get(path)
    expect(text).toContain('At least 12 characters')
    expect(text).toMatch(/autocomplete="current-password"[\s\S]*autocomplete="new-password"/)
  })

  it('auth 19: is not guessed through a session that was stolen: the guesses are those of a sign-in', async () => {
    for (let guess = 0; guess < 3; guess += 1) await change(ada, `wrong password ${guess}`, chosen)
    for (let guess = 0; guess < 2; guess += 1) await canSignIn(`wrong password ${guess}`)
    const answer = await change(ada, password, chosen)
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(answer.text).toContain('There were too many attempts. Wait ')
    expect(scene.series('sallyport_rate_limit_exceeded_total{endpoint="login"}')).toBe(1)
    expect((await new PageBrowser(scene.url).signIn(email, password)).status).toBe(429)
    scene.clock.advance(3_600_000)
    expect((await change(ada, password, chosen)).status).toBe(303)
  })

  it('costs no guess when only the new one is wrong', async () => {
    for (let attempt = 0; attempt < 9; attempt += 1) await change(ada, 'wrong password!', 'short')
    expect((await change(ada, password, chosen)).status).toBe(303)
  })

  it('that two change at once is changed once', async () => {
    const second = new PageBrowser(scene.url)
    await second.signIn(email, password)
    const answers = await Promise.all([change(ada, password, chosen), change(second, password, `${chosen}!`)])
    const done = answers.filter(({ headers }) => headers.get('location')?.endsWith('password-changed'))
    expect(done).toHaveLength(1)
    const works = [await canSignIn(chosen), await canSignIn(`${chosen}!`)]
    expect(works.filter(Boolean)).toHaveLength(1)
    expect(failures('password_changed')).toBe(1)
  })

  it('is in no log', () => {
    expect(scene.logged.join()).not.toContain(password)
  })
})

describe('an account without a password', () => {
  it('gets none here, not even from somebody who forges the form, and is told how it signs in', async () => {
    const grace = await fromGithub('grace')
    const { text } = await grace.get(path)
    expect(text).toContain('Your account has no password here.')
    expect(text).toMatch(/GitHub[\s\S]*github\.com/)
    expect(text).not.toContain('name="chosen"')
    const { token = '' } = formOf((await grace.get('/account')).text, '/logout')
    const forged = await grace.post(path, { token, current: '', chosen })
    expect([forged.status, forged.headers.get('location')]).toEqual([303, path])
    expect(await scene.store.passwords.find('grace@example.com')).toBeUndefined()
  })

  it('has no page for one where there are no passwords of ours', async () => {
    const there = await startPages({ takesPasswords: false })
    const browser = new PageBrowser(there.url)
    expect((await browser.get(path)).status).toBe(404)
    expect((await browser.post(path, {})).status).toBe(404)
    await there.close()
  })
})

describe('how somebody signs in', () => {
  it('is on the page of their sessions: a password, and accounts elsewhere by their hosts', async () => {
    const grace = await fromGithub('grace')
    const alone = (await grace.get('/account')).text
    expect(alone).toMatch(/How you sign in[\s\S]*GitHub <bdi[^>]*>github\.com/)
    expect(alone).not.toMatch(/How you sign in[\s\S]*<li>Password<\/li>/)
    await ada.signIn(email, password)
    const own = (await ada.get('/account')).text
    expect(own).toMatch(/How you sign in[\s\S]*<li>Password<\/li>/)
    expect(own).not.toContain('github.com')
  })
})

describe('a one-time password', () => {
  beforeEach(async () => {
    await scene.giveOneTime('ada')
  })

  it('leads to the page for another one first, from everywhere', async () => {
    const answer = await ada.signIn(email, password, {}, '/login?next=%2Faccount%2Fkeys')
    const first = `${path}?next=%2Faccount%2Fkeys`
    expect([answer.status, answer.headers.get('location')]).toEqual([303, first])
    for (const elsewhere of ['/account', '/account/apps', '/account/keys', '/account/keys/new'])
      expect((await ada.get(elsewhere)).headers.get('location')).toMatch(/^\/account\/password\?next=/)
    const { text } = await ada.get(first)
    expect(text).toContain('Choose your password')
    expect(text).not.toContain('name="current"')
    const { token = '' } = formOf(text, path)
    const made = await ada.post('/account/keys/new', { token, name: 'x', days: '90', workspace: 'default' })
    expect(made.headers.get('location')).toMatch(/^\/account\/password\?next=/)
    expect(await scene.store.apiKeys.list({})).toEqual([])
    expect((await ada.get('/logout')).status).toBe(200)
  })

  it('is replaced without the one that is gone, once, and then leads on', async () => {
    await ada.signIn(email, password)
    const unfit = await ada.submit(path, path, { chosen: 'short' })
    expect([unfit.status, unfit.text.includes('Choose your password')]).toEqual([422, true])
    const first = `${path}?next=%2Faccount%2Fkeys`
    const answer = await ada.submit(first, path, { chosen })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/keys'])
    expect((await ada.get('/account/keys')).status).toBe(200)
    expect([await canSignIn(password), await canSignIn(chosen)]).toEqual([false, true])
    const { token = '' } = formOf((await ada.get('/account')).text, '/logout')
    expect((await ada.post(path, { token, chosen: `${chosen}!` })).status).toBe(403)
  })

  it('says at home that it is set', async () => {
    await ada.signIn(email, password)
    const answer = await ada.submit(path, path, { chosen })
    expect(answer.headers.get('location')).toBe('/account?done=password-set')
    expect((await ada.get('/account?done=password-set')).text).toContain('Your password is set.')
  })

  it('T17: leads on to nowhere but paths of ours', async () => {
    await ada.signIn(email, password)
    const page = `${path}?next=${encodeURIComponent('//evil.example')}`
    expect((await ada.get(page)).text).toContain('name="next" value="/account"')
    const answer = await ada.submit(page, path, { chosen, next: 'https://evil.example/' })
    expect(answer.headers.get('location')).toBe('/account?done=password-set')
  })

  it('comes before consent, and the page names the way back to the client (T53)', async () => {
    scene.authorizations.add({
      uid: 'asked',
      request: consentRequest,
      redirectUri: 'https://editor.example/callback',
    })
    const page = '/login?next=%2Fconsent%2Fasked'
    const first = `${path}?next=%2Fconsent%2Fasked`
    expect((await ada.signIn(email, password, {}, page)).headers.get('location')).toBe(first)
    expect((await ada.get('/consent/asked')).headers.get('location')).toBe(first)
    const policy = (await ada.get(first)).headers.get('content-security-policy')
    expect(policy).toContain("form-action 'self' https://editor.example")
    const answer = await ada.submit(first, path, { chosen })
    expect(answer.headers.get('location')).toBe('/consent/asked')
    expect((await ada.get('/consent/asked')).headers.get('location')).toBe('/consent/asked')
  })

  it('that an administrator gave anew leaves the session with nothing to set', async () => {
    await ada.signIn(email, password)
    const form = formOf((await ada.get(path)).text, path)
    await scene.giveOneTime('ada')
    const answer = await ada.post(path, { ...form, chosen })
    expect(answer.headers.get('location')).toMatch(/^\/login/)
    expect([await canSignIn(chosen), await canSignIn(password)]).toEqual([false, true])
  })

  it('lets nobody set one who came another way', async () => {
    const session = await signedIn('usr_ada')
    await ada.signIn(email, password)
    expect((await session.get('/account')).status).toBe(200)
    expect((await session.get(path)).text).toContain('Your account has no password here.')
    const { token = '' } = formOf((await session.get('/account')).text, '/logout')
    await session.post(path, { token, chosen })
    expect(await canSignIn(chosen)).toBe(false)
  })
})
