import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConsentRequest } from '../../src/oauth/interaction.ts'
import { PageBrowser } from '../support/page-browser.ts'
import { consentRequest } from '../support/page-gallery.ts'
import { password, startPages } from '../support/pages-scene.ts'
import type { PagesScene } from '../support/pages-scene.ts'

const redirectUri = 'https://editor.example/callback'
let scene: PagesScene
let browser: PageBrowser

beforeEach(async () => {
  scene = await startPages()
  await scene.addUser('ada', ['default', 'design'])
  await scene.addUser('eve')
  browser = new PageBrowser(scene.url)
})
afterEach(() => scene.close())

const wait = (more: Partial<ConsentRequest> = {}, uid = 'asked') =>
  scene.authorizations.add({ uid, request: { ...consentRequest, ...more }, redirectUri })

/** Goes where the answers lead, as a browser does, while they lead here. */
async function follow(to: string | null): Promise<string> {
  let next = to ?? ''
  for (let hop = 0; hop < 5 && next.startsWith('/'); hop += 1) {
    const { headers, status } = await browser.get(next)
    if (status !== 303) return next
    next = headers.get('location') ?? ''
  }
  return next
}

describe('auth 15: the consent page', () => {
  it('is reached through sign-in, and leads back to the client', async () => {
    const waiting = wait()
    expect(await follow('/consent/asked')).toBe('/login?next=%2Fconsent%2Fasked')
    const page = await browser.get('/login?next=%2Fconsent%2Fasked')
    expect(page.text).toContain('to connect <strong><bdi>Example Editor</bdi></strong>')
    expect(page.headers.get('content-security-policy')).toContain(
      "form-action 'self' https://editor.example;",
    )
    const signedIn = await browser.signIn('ada@example.com', password, {}, '/login?next=%2Fconsent%2Fasked')
    expect(await follow(signedIn.headers.get('location'))).toBe('/consent/asked')
    const fields = { answer: 'allow', workspace: 'design' }
    const answer = await browser.submit('/consent/asked', '/consent/asked', fields)
    expect(answer.headers.get('location')).toBe(`${redirectUri}?code=given&iss=here`)
    expect(waiting.answer).toEqual({ workspace: 'design' })
  })

  it('names client, hosts, scopes and servers in words, and who is asked', async () => {
    wait().userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    const { text } = await browser.get('/consent/asked')
    for (const words of [
      'Example Editor',
      'editor.example',
      'Read code',
      'Read and change code',
      'Stay connected',
    ])
      expect(text).toContain(words)
    for (const words of ['<code>notes</code>', 'ada@example.com', 'default', 'design', 'Published by'])
      expect(text).toContain(words)
  })

  it('has the refusal first, and nothing chosen beforehand', async () => {
    wait().userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    const { text } = await browser.get('/consent/asked')
    expect(text.indexOf('value="deny"')).toBeLessThan(text.indexOf('value="allow"'))
    expect(text).not.toMatch(/autofocus|checked/)
  })

  it('T52: warns where any program of the device could be the client', async () => {
    wait({ localOnly: true, redirectHost: 'this device' }).userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    expect((await browser.get('/consent/asked')).text).toContain('any program here could claim its name')
  })

  it('denies', async () => {
    const waiting = wait()
    waiting.userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    const answer = await browser.submit('/consent/asked', '/consent/asked', { answer: 'deny' })
    expect(answer.headers.get('location')).toBe(`${redirectUri}?error=access_denied`)
    expect(waiting.answer).toBe('denied')
  })

  it('takes one of the offered workspaces, and no other answer', async () => {
    const waiting = wait()
    waiting.userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    for (const fields of [
      { answer: 'allow' },
      { answer: 'allow', workspace: 'red' },
      { answer: 'maybe', workspace: 'default' },
      { workspace: 'default' },
    ]) {
      const answer = await browser.submit('/consent/asked', '/consent/asked', fields)
      expect([answer.status, answer.text.includes('Nothing was allowed yet')]).toEqual([422, true])
    }
    expect(waiting.answer).toBeNull()
  })

  it('cannot be answered by another account than was asked: that one is asked itself', async () => {
    const waiting = wait()
    waiting.userId = 'usr_ada'
    await browser.signIn('eve@example.com', password)
    const posted = await browser.post('/consent/asked', { answer: 'allow', workspace: 'default' })
    expect(posted.status).toBe(303)
    expect([waiting.answer, waiting.userId]).toEqual([null, 'usr_eve'])
  })

  it('is over when it is answered, unknown, or of nobody', async () => {
    const waiting = wait()
    waiting.answer = 'denied'
    for (const path of ['/consent/asked', '/consent/never']) {
      const { status, text } = await browser.get(path)
      expect([status, text.includes('This request is over')]).toEqual([404, true])
    }
  })

  it('shows hostile words as text', async () => {
    const client = { id: 'x', name: '<script>alert(1)</script>\u202Emoc.knab', documentHost: 'a"><b>' }
    const request = { client, scopes: ['<i>:read', '__proto__:read', 'constructor'], upstreams: ['<u>'] }
    wait({ ...request, redirectHost: '<s>', workspaces: ['"><x>', 'b'] }).userId = 'usr_ada'
    await browser.signIn('ada@example.com', password)
    const { text } = await browser.get('/consent/asked')
    expect(text).not.toMatch(/<script>|<b>|<i>|<u>|<s>|<x>|\u202E/)
    expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\uFFFDmoc.knab')
  })
})

it('every page has the fields against framing, sniffing, leaking and scripts', async () => {
  wait().userId = 'usr_ada'
  const stranger = new PageBrowser(scene.url)
  await browser.signIn('ada@example.com', password)
  const own = ['/account', '/account/apps', '/account/keys', '/account/keys/new', '/consent/asked', '/logout']
  const anybodys = ['/login', '/consent/never', '/login/begin/none', '/account', '/device', '/device/error']
  const answers = [
    ...(await Promise.all(own.map((path) => browser.get(path)))),
    ...(await Promise.all(anybodys.map((path) => stranger.get(path)))),
  ]
  for (const { headers, text } of answers) {
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("frame-ancestors 'none'; base-uri 'none'")
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('cross-origin-opener-policy')).toBe('same-origin')
    expect(headers.get('permissions-policy')).toContain('camera=()')
    expect(text).not.toMatch(/ style=| on\w+=|<style|<script>/)
  }
  const [account] = answers
  expect(account?.headers.get('content-security-policy')).toContain("script-src 'self'")
  expect(answers.at(4)?.headers.get('content-security-policy')).toContain("script-src 'none'")
})
