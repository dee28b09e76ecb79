import { once } from 'node:events'
import { createServer } from 'node:http'
import type { Server } from 'node:http'
import { source as axe } from 'axe-core'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasChromium, openChromium } from '../support/chromium.ts'
import { consentRequest, openGallery } from '../support/page-gallery.ts'
import type { Gallery } from '../support/page-gallery.ts'
import { password } from '../support/pages-scene.ts'

const email = 'ada@example.com'

describe.skipIf(!hasChromium('pages in a browser'))('in Chromium', () => {
  let browser: Browser
  let gallery: Gallery
  let context: BrowserContext

  beforeAll(async () => {
    browser = await openChromium()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    gallery = await openGallery()
  })
  afterEach(async () => {
    await context.close()
    await gallery.scene.close()
  })

  it(
    'every page passes axe (WCAG 2.2 AA) light and dark, fits, and keeps to its own policy',
    { timeout: 240_000 },
    async () => {
      const { origin } = new URL(gallery.scene.url)
      const found: string[] = []
      for (const { name, signedIn, open } of gallery.pages) {
        context = await browser.newContext({ reducedMotion: 'reduce' })
        if (signedIn) await gallery.signIn(context)
        const page = await context.newPage()
        page.on('pageerror', (error) => found.push(`${name}: ${error.message}`))
        page.on('request', (request) => {
          if (new URL(request.url()).origin !== origin) found.push(`${name} asks ${request.url()}`)
        })
        page.on('console', (message) => {
          // The browser itself says so of every answer that is no success.
          if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
            found.push(`${name}: ${message.text()}`)
        })
        await open(page)
        found.push(...(await axeFindings(page, name)), ...(await overflows(page, name)))
        await context.close()
      }
      expect(found).toEqual([])
    },
  )

  it('auth 20: sign-in, consent and the account work with scripts off', async () => {
    const { url, authorizations } = gallery.scene
    const redirectUri = `${url}/device/allowed`
    const waiting = authorizations.add({ uid: 'plain', request: consentRequest, redirectUri })
    context = await browser.newContext({ javaScriptEnabled: false })
    const page = await context.newPage()
    await page.goto(`${url}/consent/plain`)
    await page.getByLabel('E-mail address').fill(email)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByLabel('design').check()
    await page.getByRole('button', { name: 'Allow' }).click()
    await page.getByRole('heading', { name: 'Your device is connected' }).waitFor()
    expect(waiting.answer).toEqual({ workspace: 'design' })
    await page.goto(`${url}/account`)
    await page.getByText('End all others').click()
    await page.getByRole('button', { name: 'End them all' }).click()
    await page.getByText('Every other session has ended.').waitFor()
    expect(await gallery.scene.loginSessions.list('usr_ada')).toHaveLength(1)
  })

  it('sign-in and consent need no mouse, and Enter alone allows nothing', async () => {
    const { url, authorizations } = gallery.scene
    const redirectUri = `${url}/device/allowed`
    const first = authorizations.add({ uid: 'first', request: consentRequest, redirectUri })
    context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${url}/consent/first`)
    await page.locator('#email:focus').waitFor()
    await page.keyboard.type(email)
    await page.keyboard.press('Tab')
    await page.keyboard.type(password)
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { name: 'Connect Example Editor?' }).waitFor()
    const focused = () => page.evaluate<string>("document.activeElement?.textContent?.trim() ?? ''")
    expect(await focused()).not.toBe('Allow')
    const tabTo = async (text: string) => {
      for (let count = 0; count < 30; count += 1) {
        await page.keyboard.press('Tab')
        if ((await focused()) === text) return
      }
      throw new Error(`${text} cannot be reached with Tab`)
    }
    const radio = page.getByLabel('default')
    for (
      let count = 0;
      count < 30 && (await page.locator('input[type=radio]:focus').count()) === 0;
      count += 1
    )
      await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    expect(await radio.isChecked()).toBe(true)
    await tabTo('Allow')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/device/allowed?code=given*')
    expect(first.answer).toEqual({ workspace: 'default' })

    const second = authorizations.add({ uid: 'second', request: consentRequest, redirectUri })
    second.userId = 'usr_ada'
    await page.goto(`${url}/consent/second`)
    await page.getByLabel('default').focus()
    await page.keyboard.press('Space')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/device/allowed?error=access_denied')
    expect(second.answer).toBe('denied')
  })

  it('what is wrong is focused, and leads to its field', async () => {
    context = await browser.newContext()
    await gallery.signIn(context)
    const page = await context.newPage()
    await gallery.pages.find(({ name }) => name === 'new-key-wrong')?.open(page)
    await page.locator('[role=alert]:focus').waitFor()
    await page.getByRole('link', { name: 'Give it a name' }).click()
    await page.locator('#name:focus').waitFor()
    expect(await page.title()).toMatch(/^Error: /)
  })

  it('a new key is copied by one button', async () => {
    context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] })
    await gallery.signIn(context)
    const page = await context.newPage()
    await gallery.pages.find(({ name }) => name === 'issued-key')?.open(page)
    const shown = await page.locator('pre.secret').textContent()
    await page.getByRole('button', { name: 'Copy the key' }).click()
    await page.getByText('Copied.').waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(shown?.trim())
    expect(shown).toMatch(/^\s*sp_\w{12}_\w{49}\s*$/)
  })

  it('the page of a new key, loaded again, makes no second one', async () => {
    context = await browser.newContext()
    await gallery.signIn(context)
    const page = await context.newPage()
    await gallery.pages.find(({ name }) => name === 'issued-key')?.open(page)
    const count = async () => (await gallery.scene.store.apiKeys.list({ userId: 'usr_ada' })).length
    const before = await count()
    await page.reload()
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    expect([await count(), await page.locator('pre.secret').count()]).toEqual([before, 0])
    await page.goBack()
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    expect([await count(), await page.locator('pre.secret').count()]).toEqual([before, 0])
  })

  it('T53: the way to a provider is open, wherever it is, and takes "keep me signed in" along', async () => {
    const { url } = gallery.scene
    context = await browser.newContext()
    const page = await context.newPage()
    await page.route('https://provider.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: '<title>Elsewhere</title>' }),
    )
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(`${url}/login?next=/account/apps`)
    await page.getByLabel('Keep me signed in').last().check()
    await page.getByRole('button', { name: 'Sign in with your company' }).click()
    await page.waitForURL('https://provider.example/')
    const begun = asked.filter((one) => one.startsWith(`${url}/login/begin/`))
    expect(begun).toEqual([`${url}/login/begin/oidc?by=form&next=%2Faccount%2Fapps&remember=yes`])
  })

  describe('T53: the way back to a client elsewhere', () => {
    let client: Server
    let port = 0

    beforeEach(async () => {
      client = createServer((_, response) => response.end('<title>Arrived</title>'))
      client.listen(0, '::')
      await once(client, 'listening')
      const address = client.address()
      port = address !== null && typeof address === 'object' ? address.port : 0
    })
    afterEach(() => client.close())

    /** Answers the page's question and says where the browser is then; null when it was not let go. */
    async function allow(redirectUri: string, formAction: readonly string[]): Promise<string | null> {
      const { url, authorizations } = gallery.scene
      const request = { ...consentRequest, workspaces: ['default'], formAction }
      authorizations.add({ uid: 'back', request, redirectUri })
      context = await browser.newContext()
      const page = await context.newPage()
      const blocked = new Promise<null>((resolve) => {
        page.on('console', (message) => {
          if (/form-action/.test(message.text())) resolve(null)
        })
      })
      await page.goto(`${url}/consent/back`)
      await page.getByLabel('E-mail address').fill(email)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.getByRole('button', { name: 'Allow' }).click()
      return Promise.race([page.waitForURL(`${redirectUri}**`).then(() => page.url()), blocked])
    }

    it.each(['127.0.0.1', 'localhost', '[::1]'])('is open to http://%s', async (host) => {
      const origin = `http://${host}:${port}`
      expect(await allow(`${origin}/callback`, [origin])).toContain(`${origin}/callback?code=given`)
    })

    it('is closed to what the request did not name', async () => {
      expect(await allow(`http://localhost:${port}/callback`, ['https://editor.example'])).toBeNull()
    })

    it('is open from the sign-in page, too, where consent was given before', async () => {
      const { url, authorizations } = gallery.scene
      const origin = `http://localhost:${port}`
      const request = { ...consentRequest, formAction: [origin] }
      const { interactions } = authorizations
      authorizations.add({ uid: 'known', request, redirectUri: `${origin}/callback` })
      const { signedIn } = interactions
      interactions.signedIn = (asked, response, who) =>
        asked.url === '/consent/known'
          ? interactions.allow(asked, response, who, { workspace: 'default' })
          : signedIn(asked, response, who)
      context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${url}/consent/known`)
      await page.getByLabel('E-mail address').fill(email)
      await page.getByLabel('Password').fill(password)
      await page.getByRole('button', { name: 'Sign in', exact: true }).click()
      await page.waitForURL(`${origin}/callback?code=given*`)
    })

    it("is open to an application's own scheme", async () => {
      const { url, authorizations } = gallery.scene
      const request = { ...consentRequest, workspaces: ['default'], formAction: ['com.example.editor:'] }
      const redirectUri = 'com.example.editor:/callback'
      const waiting = authorizations.add({ uid: 'app', request, redirectUri })
      waiting.userId = 'usr_ada'
      context = await browser.newContext()
      await gallery.signIn(context)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      await page.goto(`${url}/consent/app`)
      const answered = page.waitForResponse('**/consent/app')
      await page.getByRole('button', { name: 'Allow' }).click()
      expect((await answered).headers()['location']).toBe(`${redirectUri}?code=given&iss=here`)
      expect(complaints.filter((text) => text.includes('form-action'))).toEqual([])
    })
  })

  it('no other site can put a page into a frame', async () => {
    const { url } = gallery.scene
    context = await browser.newContext()
    const page = await context.newPage()
    await page.route('https://evil.example/', (route) =>
      route.fulfill({ contentType: 'text/html', body: `<iframe src="${url}/login"></iframe>` }),
    )
    await page.goto('https://evil.example/')
    const frame = page.frames().at(1)
    expect((await frame?.content()) ?? '').not.toContain('Sign in')
  })
})

async function axeFindings(page: Page, name: string): Promise<string[]> {
  await page.evaluate(axe)
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    const { violations, passes } = await page.evaluate<AxeResults>(
      `axe.run(document, ${JSON.stringify({ runOnly: tags })})`,
    )
    if (!passes.some(({ id }) => id === 'color-contrast')) found.push(`${name}: no contrast was measured`)
    for (const { id, nodes } of violations)
      found.push(...nodes.map(({ html }) => `${name}, ${colorScheme}: ${id}: ${html}`))
  }
  return found
}

/** Whether the page must be scrolled sideways: at 320 pixels (WCAG 1.4.10), and with text of twice the size (1.4.4). */
async function overflows(page: Page, name: string): Promise<string[]> {
  const beyond = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
  const found: string[] = []
  await page.setViewportSize({ width: 320, height: 640 })
  if ((await page.evaluate<number>(beyond)) > 0) found.push(`${name} is wider than 320 pixels`)
  await page.setViewportSize({ width: 640, height: 900 })
  await page.evaluate("document.documentElement.style.fontSize = '200%'")
  if ((await page.evaluate<number>(beyond)) > 0) found.push(`${name} is too wide at 200 %`)
  return found
}
