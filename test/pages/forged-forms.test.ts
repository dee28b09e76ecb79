import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { formOf, PageBrowser } from '../support/page-browser.ts'
import { consentRequest } from '../support/page-gallery.ts'
import { password, startPages } from '../support/pages-scene.ts'
import type { PagesScene } from '../support/pages-scene.ts'

let scene: PagesScene
let browser: PageBrowser

beforeEach(async () => {
  scene = await startPages()
  await scene.addUser('ada', ['default', 'design'])
  await scene.addUser('eve')
  browser = new PageBrowser(scene.url)
  const redirectUri = 'https://editor.example/callback'
  scene.authorizations.add({ uid: 'asked', request: consentRequest, redirectUri }).userId = 'usr_ada'
})
afterEach(() => scene.close())

/** Every form there is, the page it stands on, and what makes it do its work. */
const forms = [
  ['/login?switch=1', '/login', { email: 'ada@example.com', password }],
  ['/logout', '/logout', {}],
  ['/consent/asked', '/consent/asked', { answer: 'allow', workspace: 'default' }],
  ['/consent/asked', '/consent/asked', { answer: 'deny' }],
  ['/account', '/account/sessions/end', { id: 'ses_1' }],
  ['/account', '/account/sessions/end-others', {}],
  ['/account/apps', '/account/apps/revoke', { id: 'con_1' }],
  ['/account/keys/new', '/account/keys/new', { name: 'x', days: '90', workspace: 'default' }],
  ['/account/keys', '/account/keys/rotate', { id: 'x' }],
  ['/account/password', '/account/password', { current: password, chosen: 'another horse and staple' }],
  ['/account/keys', '/account/keys/revoke', { id: 'x' }],
] as const

/** The token that a page holds. */
async function tokenOn(one: PageBrowser, page: string): Promise<string> {
  const { text } = await one.get(page)
  return /name="token" value="([^"]+)"/.exec(text)?.[1] ?? ''
}

describe.each(forms)('csrf: from %s to %s', (page, action, fields) => {
  beforeEach(async () => void (await browser.signIn('ada@example.com', password)))

  async function isRefused(token: string, headers: Record<string, string> = {}) {
    const before = scene.series('sallyport_auth_rejected_total{reason="csrf_failed",surface="pages"}')
    const answer = await browser.post(action, { ...fields, token }, headers)
    expect([answer.status, answer.text.includes('csrf_failed')]).toEqual([403, true])
    expect(answer.headers.get('content-type')).toContain('text/html')
    expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(scene.series('sallyport_auth_rejected_total{reason="csrf_failed",surface="pages"}')).toBe(
      before + 1,
    )
  }

  it('is refused without a token, with a made-up one, and with that of another purpose', async () => {
    await isRefused('')
    await isRefused('A'.repeat(43))
    const other = action === '/login' ? '/account/keys/new' : '/login?switch=1'
    await isRefused(await tokenOn(browser, other))
  })

  it("is refused with the token of an attacker's own browser", async () => {
    const eve = new PageBrowser(scene.url)
    await eve.signIn('eve@example.com', password)
    const own = action.startsWith('/consent') ? '/account/keys/new' : page === '/logout' ? '/logout' : page
    await isRefused(await tokenOn(eve, own))
  })

  it('is refused from another site, even with the right token', async () => {
    const token = await tokenOn(browser, page)
    await isRefused(token, { Origin: 'https://friend.example' })
    await isRefused(token, { 'Sec-Fetch-Site': 'cross-site' })
    await isRefused(token, { 'Sec-Fetch-Site': 'same-site' })
    const foreign = await browser.post(action, { ...fields, token }, { Origin: 'https://evil.example' })
    expect([foreign.status, foreign.text.includes('origin_rejected')]).toEqual([403, true])
    const opaque = await browser.post(action, { ...fields, token }, { Origin: 'null' })
    expect(opaque.status).toBe(403)
  })
})

it('none of it did anything', async () => {
  await browser.signIn('ada@example.com', password)
  for (const [, action, fields] of forms) await browser.post(action, { ...fields, token: 'no' })
  expect(await scene.loginSessions.list('usr_ada')).toHaveLength(1)
  expect(await scene.store.apiKeys.list({})).toEqual([])
  expect((await browser.get('/consent/asked')).status).toBe(200)
})

it("a consent's token is for that one request", async () => {
  await browser.signIn('ada@example.com', password)
  const redirectUri = 'https://editor.example/callback'
  scene.authorizations.add({ uid: 'other', request: consentRequest, redirectUri }).userId = 'usr_ada'
  const token = await tokenOn(browser, '/consent/other')
  const answer = await browser.post('/consent/asked', { token, answer: 'allow', workspace: 'default' })
  expect(answer.status).toBe(403)
})

describe('a form', () => {
  const at = (init: RequestInit & { headers: Record<string, string> }) =>
    browser.send('/login', { method: 'POST', ...init })
  const type = { 'Content-Type': 'application/x-www-form-urlencoded' }

  it.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])('is no %s', async (kind) => {
    expect((await at({ body: 'a=b', headers: { 'Content-Type': kind } })).status).toBe(415)
  })

  it('has 16 KiB at the most', async () => {
    const { text } = await at({ body: `a=${'x'.repeat(16_384)}`, headers: type })
    expect(text).toContain('body_too_large')
  })

  it('has each field once, in UTF-8', async () => {
    expect((await at({ body: 'next=/a&next=/b', headers: type })).text).toContain('ambiguous_key')
    expect((await at({ body: 'next=%ff', headers: type })).text).toContain('invalid_utf8')
  })

  it('is answered in JSON for a program that asks for it', async () => {
    const { text, headers } = await at({ body: '', headers: { ...type, Accept: 'application/json' } })
    expect(headers.get('content-type')).toBe('application/json')
    expect(JSON.parse(text)).toMatchObject({ error: { code: 'csrf_failed' } })
  })

  it('never carries what was typed back to a page that was refused', async () => {
    const form = formOf((await browser.get('/login')).text, '/login')
    expect(Object.keys(form).sort()).toEqual(['next', 'token'])
  })
})
