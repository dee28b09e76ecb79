import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { apiKeyShape } from '../../src/identity/api-key.ts'
import { formOf, PageBrowser } from '../support/page-browser.ts'
import type { ArrivedPage } from '../support/page-browser.ts'
import { password, startPages } from '../support/pages-scene.ts'
import type { PagesScene } from '../support/pages-scene.ts'

let scene: PagesScene
let ada: PageBrowser
let eve: PageBrowser

beforeEach(async () => {
  scene = await startPages()
  await scene.addUser('ada', ['default', 'design'])
  await scene.addUser('eve')
  ada = new PageBrowser(scene.url)
  eve = new PageBrowser(scene.url)
  await ada.signIn('ada@example.com', password)
  await eve.signIn('eve@example.com', password)
})
afterEach(() => scene.close())

const sessionsOf = (userId: string) => scene.loginSessions.list(userId)
const keysOf = (userId: string) => scene.store.apiKeys.list({ userId })

async function consent(id: string, userId: string, clientId = 'editor'): Promise<void> {
  const scopes = ['code:read']
  const more = {
    workspace: 'default',
    resource: `${scene.url}/mcp/code`,
    flow: 'authorization_code',
  } as const
  await scene.store.consents.grant({ id, userId, clientId, scopes, ...more, at: scene.clock.now() })
}

/** Sends a form with the token of the page it stands on, though it names what is not there. */
async function forge(browser: PageBrowser, action: string, fields: Record<string, string>) {
  const { token = '' } = formOf((await browser.get('/account')).text, '/logout')
  return browser.post(action, { token, ...fields })
}

describe('sessions', () => {
  it('auth 18: are listed with device, provider, address and times, one of them as this device', async () => {
    const { text } = await ada.get('/account')
    expect(text).toContain('Firefox on Linux')
    expect(text).toContain('This device')
    expect(text).toContain('127.0.0.1')
    expect(text).toMatch(/<time datetime="[\d-]+T[\d:.]+Z">/)
    expect(text).not.toContain('End all others')
  })

  it('T10: no page holds the value of a session cookie', async () => {
    const value = ada.jar.get('sallyport') ?? ''
    for (const path of ['/account', '/account/apps', '/account/keys', '/account/keys/new', '/logout'])
      expect((await ada.get(path)).text).not.toContain(value)
  })

  it('end one by one: that browser is out at once, the apps live on', async () => {
    const phone = new PageBrowser(scene.url, { 'User-Agent': 'Mozilla/5.0 (iPhone) Version/17 Safari/1' })
    await phone.signIn('ada@example.com', password)
    await consent('con_1', 'usr_ada')
    const other = (await sessionsOf('usr_ada')).find(({ deviceName }) => deviceName.includes('iPhone'))
    const answer = await ada.submit('/account', '/account/sessions/end')
    expect(answer.headers.get('location')).toBe('/account?done=session-ended')
    expect((await sessionsOf('usr_ada')).map(({ id }) => id)).not.toContain(other?.id)
    expect((await phone.get('/account')).status).toBe(303)
    expect((await ada.get('/account?done=session-ended')).text).toContain('That session has ended.')
    expect(await scene.store.consents.list('usr_ada')).toHaveLength(1)
    expect(scene.series('sallyport_login_sessions_ended_total{reason="revoked_by_user"}')).toBe(1)
  })

  it('end all others, with the apps where that was chosen', async () => {
    await new PageBrowser(scene.url).signIn('ada@example.com', password)
    await new PageBrowser(scene.url).signIn('ada@example.com', password)
    await consent('con_1', 'usr_ada')
    await consent('con_2', 'usr_eve')
    const answer = await ada.submit('/account', '/account/sessions/end-others', { apps: 'yes' })
    expect(answer.headers.get('location')).toBe('/account?done=sessions-and-apps-ended')
    expect(await sessionsOf('usr_ada')).toHaveLength(1)
    expect((await ada.get('/account')).status).toBe(200)
    expect(await scene.store.consents.list('usr_ada')).toEqual([])
    expect(await scene.store.consents.list('usr_eve')).toHaveLength(1)
    expect(await sessionsOf('usr_eve')).toHaveLength(1)
  })

  it('a foreign one and one that never was are both 404, and lives on', async () => {
    const [foreign] = await sessionsOf('usr_eve')
    for (const id of [foreign?.id ?? '', 'ses_never', '', "' or 1=1 --"])
      expect((await forge(ada, '/account/sessions/end', { id })).status).toBe(404)
    expect(await sessionsOf('usr_eve')).toHaveLength(1)
  })

  it('are shown 25 at a time', async () => {
    const browser = { address: '203.0.113.7', userAgent: '' }
    const how = { remember: false, replaces: null }
    for (let count = 0; count < 30; count += 1)
      await scene.loginSessions.start({ userId: 'usr_ada', provider: 'local' }, browser, how)
    const [first, second] = [await ada.get('/account'), await ada.get('/account?page=2')]
    expect([first.text.match(/class="row"/g)?.length, second.text.match(/class="row"/g)?.length]).toEqual([
      25, 6,
    ])
    expect(first.text).toContain('Page 1 of 2, 31 in all')
    expect((await ada.get('/account?page=99999999')).text).toContain('Page 1 of 2')
    expect((await ada.get('/account?page=99')).text).toContain('Page 2 of 2')
  })
})

describe('apps', () => {
  it('are listed with workspace, server, scopes in words and times, and revoked', async () => {
    expect((await ada.get('/account/apps')).text).toContain('No app has access')
    await consent('con_1', 'usr_ada', 'Editor of mine')
    const { text } = await ada.get('/account/apps')
    expect(text).toContain('Editor of mine')
    expect(text).toContain('Read code')
    expect(text).toContain(`${scene.url}/mcp/code`)
    const answer = await ada.submit('/account/apps', '/account/apps/revoke')
    expect(answer.headers.get('location')).toBe('/account/apps?done=app-revoked')
    expect(await scene.store.consents.list('usr_ada')).toEqual([])
  })

  it('a foreign one and one that never was are both 404', async () => {
    await consent('con_eve', 'usr_eve')
    for (const id of ['con_eve', 'con_never', ''])
      expect((await forge(ada, '/account/apps/revoke', { id })).status).toBe(404)
    expect(await scene.store.consents.list('usr_eve')).toHaveLength(1)
  })
})

describe('keys', () => {
  const make = async (
    browser: PageBrowser,
    fields: Record<string, string | string[]>,
    page = '/account/keys/new',
  ) => {
    const chosen = { name: 'build server', days: '90', ...fields }
    return follow(browser, await browser.submit(page, '/account/keys/new', chosen))
  }
  /** To the page of the new key, where there is one. */
  const follow = async (browser: PageBrowser, answer: ArrivedPage) =>
    answer.headers.get('location') === '/account/keys/made' ? browser.get('/account/keys/made') : answer
  const shown = (text: string) => /sp_\w+_\w{49}/.exec(text)?.[0] ?? ''

  it('auth 21: are made with what was chosen, and shown this once', async () => {
    const { status, text, headers } = await make(ada, {
      scopes: ['code:read'],
      upstreams: ['code'],
      days: '7',
    })
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    const key = shown(text)
    expect(key).toMatch(apiKeyShape)
    expect(text).toContain(`claude mcp add --transport http sallyport ${scene.url}/mcp`)
    expect(await keysOf('usr_ada')).toMatchObject([
      { name: 'build server', workspace: 'default', scopes: ['code:read'], upstreams: ['code'] },
    ])
    const [made] = await keysOf('usr_ada')
    expect((made?.expiresAt ?? 0) - (made?.createdAt ?? 0)).toBe(7 * 86_400_000)
    const list = await ada.get('/account/keys')
    expect(list.text).toContain('build server')
    expect(list.text).not.toContain(key)
    expect(scene.logged.join()).not.toContain(key)
  })

  it('auth 21: to load the page of a new one again makes none and shows none', async () => {
    const answer = await ada.submit('/account/keys/new', '/account/keys/new', { name: 'x', days: '90' })
    expect([answer.status, answer.headers.get('location')]).toEqual([303, '/account/keys/made'])
    const [cookie = ''] = answer.headers.getSetCookie()
    expect(cookie).toMatch(/^sallyport-new-key=v1\.[\w-]+; Max-Age=60; Path=\/; HttpOnly; SameSite=Strict$/)
    expect((await ada.send('/account/keys/made', { method: 'HEAD', headers: {} })).status).toBe(200)
    const key = shown((await ada.get('/account/keys/made')).text)
    expect(key).toMatch(apiKeyShape)
    expect(Buffer.from(cookie, 'latin1').toString()).not.toContain(key.slice(3, 15))
    expect((await ada.get('/account/keys/made')).headers.get('location')).toBe('/account/keys')
    expect(await keysOf('usr_ada')).toHaveLength(1)
  })

  it('auth 21: are shown for a minute, to the session that made them', async () => {
    const made = () => ada.submit('/account/keys/new', '/account/keys/new', { name: 'x', days: '90' })
    await made()
    const sealed = ada.jar.get('sallyport-new-key') ?? ''
    eve.jar.set('sallyport-new-key', sealed)
    expect((await eve.get('/account/keys/made')).headers.get('location')).toBe('/account/keys')
    eve.jar.set('sallyport-new-key', `${sealed.slice(0, -4)}AAAA`)
    expect((await eve.get('/account/keys/made')).headers.get('location')).toBe('/account/keys')
    scene.clock.advance(60_000)
    expect((await ada.get('/account/keys/made')).headers.get('location')).toBe('/account/keys')
    await made()
    scene.clock.advance(59_999)
    expect(shown((await ada.get('/account/keys/made')).text)).toMatch(apiKeyShape)
  })

  it('offer what the workspace has, and take nothing else', async () => {
    const design = await ada.get('/account/keys/new?workspace=design')
    expect(design.text).toContain('value="notes"')
    expect((await ada.get('/account/keys/new?workspace=default')).text).not.toContain('value="notes"')
    for (const wrong of [
      { scopes: ['notes'] },
      { scopes: ['*'] },
      { upstreams: ['notes'] },
      { workspace: 'red' },
      { days: '100000' },
      { days: 'never' },
      { name: '' },
      { name: 'x'.repeat(101) },
      { name: 'a\u0007b' },
    ]) {
      const { status, text } = await make(ada, wrong)
      expect([status, text.includes('The key was not made')]).toEqual([422, true])
    }
    expect(await keysOf('usr_ada')).toEqual([])
    await make(ada, { scopes: ['notes'] }, '/account/keys/new?workspace=design')
    expect(await keysOf('usr_ada')).toMatchObject([{ workspace: 'design', scopes: ['notes'] }])
  })

  it('are five at the most', async () => {
    for (let count = 0; count < 5; count += 1) await make(ada, {})
    const { status, text } = await make(ada, {})
    expect([status, text.includes('You have 5 active keys already')]).toEqual([422, true])
    expect(await keysOf('usr_ada')).toHaveLength(5)
    expect((await ada.get('/account/keys')).text).toContain('Revoke one to make another.')
  })

  it('are rotated: the successor is shown, the old one works through its grace', async () => {
    const first = shown((await make(ada, { upstreams: ['code'] })).text)
    const { text } = await follow(ada, await ada.submit('/account/keys', '/account/keys/rotate'))
    expect(shown(text)).toMatch(apiKeyShape)
    expect(shown(text)).not.toBe(first)
    expect(text).toContain('The key it follows works until')
    const list = await ada.get('/account/keys')
    expect(list.text).toContain('Replaced, works until it expires')
    expect(list.text).toContain('1 of 5 in use')
  })

  it('are revoked', async () => {
    await make(ada, {})
    const answer = await ada.submit('/account/keys', '/account/keys/revoke')
    expect(answer.headers.get('location')).toBe('/account/keys?done=key-revoked')
    expect((await keysOf('usr_ada'))[0]?.revokedAt).not.toBeNull()
    const list = await ada.get('/account/keys')
    expect(list.text).toContain('Revoked')
    expect(list.text).not.toContain('/account/keys/revoke')
  })

  it('auth 21: a foreign one and one that never was are both 404', async () => {
    await make(eve, {})
    const [foreign] = await keysOf('usr_eve')
    for (const id of [foreign?.id ?? '', 'never', '../keys/1']) {
      expect((await forge(ada, '/account/keys/rotate', { id })).status).toBe(404)
      expect((await forge(ada, '/account/keys/revoke', { id })).status).toBe(404)
    }
    expect(await keysOf('usr_eve')).toMatchObject([{ revokedAt: null, replacedBy: null }])
  })

  it('hostile names stay text', async () => {
    await make(ada, { name: `<img src=x onerror=alert(1)>"'` })
    await consent('con_1', 'usr_ada', '<script>alert(1)</script>\u202Egnp')
    for (const path of ['/account/keys', '/account/apps']) {
      const { text } = await ada.get(path)
      expect(text).not.toMatch(/<img|<script>|\u202E/)
      expect(text).toMatch(/&lt;(?:img|script)/)
    }
  })
})

it('account actions have a budget of their own', async () => {
  const strict = await startPages({ accountPerMinute: 2 })
  await strict.addUser('ada')
  const browser = new PageBrowser(strict.url)
  await browser.signIn('ada@example.com', password)
  const act = () => browser.submit('/account/keys/new', '/account/keys/new', { name: 'x', days: '90' })
  expect([(await act()).status, (await act()).status]).toEqual([303, 303])
  const refused = await act()
  expect(refused.status).toBe(429)
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(refused.text).toContain('Too many attempts')
  expect(strict.series('sallyport_rate_limit_exceeded_total{endpoint="account"}')).toBe(1)
  expect((await browser.get('/account')).status).toBe(200)
  await strict.close()
})

it('a path that only acts has no page', async () => {
  for (const path of ['/account/sessions/end', '/account/apps/revoke', '/account/keys/rotate'])
    expect((await ada.get(path)).status).toBe(405)
})

it('assets are kept for good, under a name that changes with them', async () => {
  const { text } = await ada.get('/account')
  const paths = Array.from(text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g), ([, path = '']) => path)
  expect(paths).toHaveLength(3)
  for (const path of paths) {
    expect(path).toMatch(/^\/assets\/sallyport-[0-9a-f]{16}\.(?:css|js|svg)$/)
    const { status, headers } = await ada.get(path)
    expect([status, headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
  expect(text).not.toMatch(/(?:href|src)="(?:https?:)?\/\//)
})
