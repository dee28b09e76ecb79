import type { BrowserContext, Cookie, Page } from 'playwright-core'
import { issueKey, rotateKey } from '../../src/identity/key-lifecycle.ts'
import type { RedirectProvider } from '../../src/identity/sign-in-provider.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { ConsentRequest } from '../../src/oauth/interaction.ts'
import { operator } from './gateway.ts'
import { password, startPages } from './pages-scene.ts'
import type { PagesScene } from './pages-scene.ts'

/** One page to look at: how to get there in a browser. */
export interface ShownPage {
  readonly name: string
  readonly signedIn: boolean
  readonly open: (page: Page) => Promise<void>
}

export interface Gallery {
  readonly scene: PagesScene
  readonly pages: readonly ShownPage[]
  signIn(context: BrowserContext): Promise<void>
}

const button = (name: RedirectProvider['name'], label: string): RedirectProvider => ({
  name,
  label,
  begin: () => Promise.resolve(new URL('https://provider.example/')),
  finish: () => Promise.resolve({ refused: 'not asked' }),
})

export const consentRequest: ConsentRequest = {
  client: {
    id: 'https://editor.example/client.json',
    name: 'Example Editor',
    documentHost: 'editor.example',
  },
  redirectHost: 'editor.example',
  localOnly: false,
  scopes: ['code:read', 'code:write', 'offline_access'],
  upstreams: ['code', 'notes'],
  workspaces: ['default', 'design'],
  formAction: ['https://editor.example'],
}

/** Every page in every state worth a look, over real HTTP. */
export async function openGallery(): Promise<Gallery> {
  const redirectProviders = [button('github', 'GitHub'), button('oidc', 'your company')]
  const scene = await startPages({ redirectProviders })
  const { url, authorizations } = scene
  /** Of the first sign-in: every signed-in page is of that one session. */
  const cookies: Cookie[] = []
  const userId = await scene.addUser('ada', ['default', 'design'])
  await scene.addUser('new')
  const remoteId = await addRemoteUser(scene)
  await fill(scene, userId)
  const add = (uid: string, request: ConsentRequest) => {
    authorizations.add({ uid, request, redirectUri: 'https://editor.example/callback' }).userId = userId
  }
  add('wide', consentRequest)
  const local = { client: { id: 'c', name: 'Terminal', documentHost: null }, redirectHost: 'this device' }
  add('local', { ...consentRequest, ...local, localOnly: true, workspaces: ['default'], upstreams: ['code'] })
  add('device', { ...consentRequest, redirectHost: null, scopes: [], workspaces: ['default'] })
  add('nowhere', { ...consentRequest, workspaces: [] })
  authorizations.add({
    uid: 'before',
    request: consentRequest,
    redirectUri: 'https://editor.example/callback',
  })

  const at = (name: string, path: string, signedIn = false): ShownPage => ({
    name,
    signedIn,
    open: async (page) => void (await page.goto(`${url}${path}`)),
  })
  const pages: readonly ShownPage[] = [
    at('sign-in', '/login'),
    at('sign-in-for-client', '/login?next=/consent/before'),
    at('signed-out', '/login?done=signed-out'),
    {
      name: 'sign-in-wrong',
      signedIn: false,
      async open(page) {
        await page.goto(`${url}/login`)
        await fillIn(page, 'wrong')
      },
    },
    at('consent', '/consent/wide', true),
    at('consent-local', '/consent/local', true),
    at('consent-device', '/consent/device', true),
    at('consent-nowhere', '/consent/nowhere', true),
    at('consent-over', '/consent/never', true),
    at('device-code', '/device'),
    at('device-code-wrong', '/device/not-found'),
    at('device-confirm', '/device/confirm'),
    at('device-allowed', '/device/allowed'),
    at('device-denied', '/device/denied'),
    at('library-error', '/device/error'),
    at('sessions', '/account', true),
    {
      name: 'sessions-ask',
      signedIn: true,
      async open(page) {
        await page.goto(`${url}/account?done=session-ended`)
        await page.locator('details.ask > summary').first().click()
      },
    },
    at('apps', '/account/apps', true),
    at('keys', '/account/keys', true),
    at('new-key', '/account/keys/new', true),
    {
      name: 'new-key-wrong',
      signedIn: true,
      async open(page) {
        await page.goto(`${url}/account/keys/new`)
        await page.locator('#name').fill(' ')
        await page.getByRole('button', { name: 'Create the key' }).click()
      },
    },
    {
      name: 'issued-key',
      signedIn: true,
      async open(page) {
        await page.goto(`${url}/account/keys`)
        const row = page.locator('li.row', { hasText: 'build server' })
        await row.locator('summary', { hasText: 'Rotate' }).click()
        await row.getByRole('button', { name: 'Make its successor' }).click()
        await page.locator('details > summary').nth(1).click()
      },
    },
    at('password', '/account/password', true),
    {
      name: 'password-wrong',
      signedIn: true,
      async open(page) {
        await page.goto(`${url}/account/password`)
        await page.getByLabel('Current password').fill(password)
        await page.getByLabel('New password').fill('passwordpassword')
        await page.getByRole('button', { name: 'Change the password' }).click()
      },
    },
    {
      name: 'password-due',
      signedIn: false,
      async open(page) {
        await scene.giveOneTime('new')
        await page.goto(`${url}/login`)
        await fillIn(page, password, 'new')
        await page.getByRole('heading', { name: 'Choose your password' }).waitFor()
      },
    },
    {
      name: 'password-none',
      signedIn: false,
      async open(page) {
        const userAgent = await page.evaluate<string>('navigator.userAgent')
        const from = { address: '127.0.0.1', userAgent }
        const who = { userId: remoteId, provider: 'github' } as const
        const started = await scene.loginSessions.start(who, from, { remember: false, replaces: null })
        if (started.outcome !== 'started') throw new Error(started.outcome)
        await page.context().addCookies([{ name: 'sallyport', value: started.cookieValue, url }])
        await page.goto(`${url}/account/password`)
      },
    },
    at('sign-out', '/logout', true),
    {
      name: 'refusal',
      signedIn: true,
      async open(page) {
        await page.goto(`${url}/login/begin/nobody`)
      },
    },
  ]
  return {
    scene,
    pages,
    async signIn(context) {
      if (cookies.length === 0) {
        const page = await context.newPage()
        await page.goto(`${url}/login`)
        await fillIn(page, password)
        await page.waitForURL(`${url}/account`)
        await page.close()
        cookies.push(...(await context.cookies()))
      } else await context.addCookies(cookies)
    },
  }
}

async function fillIn(page: Page, secret: string, word = 'ada'): Promise<void> {
  await page.getByLabel('E-mail address').fill(`${word}@example.com`)
  await page.getByLabel('Password').fill(secret)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
}

/** Somebody whose accounts are elsewhere; answers the id. */
async function addRemoteUser({ store, clock }: PagesScene): Promise<string> {
  const [userId, email] = ['usr_remote', 'remote@example.com']
  const signUp = { userId, email, emailVerified: true, workspace: 'default' }
  const account = { provider: 'github', issuer: 'https://github.com', subject: 'remote' } as const
  await store.linkedAccounts.resolve(account, { linkTo: null, signUp }, clock.now())
  return userId
}

async function fill(scene: PagesScene, userId: string): Promise<void> {
  const { store, clock, loginSessions } = scene
  const minute = 60_000
  const gitea = { provider: 'gitea', issuer: 'https://git.example.com', subject: '1' } as const
  const own = { linkTo: 'ada@example.com', signUp: null }
  await store.linkedAccounts.resolve(gitea, own, clock.now())
  const devices = [
    ['Mozilla/5.0 (iPhone) Version/17.0 Safari/604.1', '2001:db8:4a::17', true],
    ['Mozilla/5.0 (Windows NT 10.0) Firefox/140.0', '203.0.113.7', false],
  ] as const
  for (const [userAgent, address, remember] of devices) {
    const browser = { address, userAgent }
    await loginSessions.start({ userId, provider: 'local' }, browser, { remember, replaces: null })
    clock.advance(17 * minute)
  }
  const parts = { apiKeys: store.apiKeys, clock, random: systemRandom }
  const key = (name: string, more: object = {}) =>
    issueKey(
      {
        userId,
        workspace: 'default',
        name,
        scopes: ['code:read', 'code:write'],
        upstreams: ['code'],
        expiresInDays: 90,
        maxPerUser: 100,
        ...more,
      },
      operator,
      parts,
    )
  const laptop = await key('laptop', { workspace: 'design', upstreams: [], scopes: ['notes'] })
  await key('build server')
  const old = await key('tests of last year')
  if (old.outcome === 'created') await rotateKey(old.id, 24, { userId }, operator, parts)
  const gone = await key('lost on the train')
  if (gone.outcome === 'created') await store.apiKeys.revoke(gone.id, clock.now(), { userId }, operator)
  if (laptop.outcome === 'created')
    await store.apiKeys.recordUse(new Map([[laptop.id, clock.now() - 3 * minute]]))
  const consents = [
    ['con_1', 'Example Editor', 'authorization_code'],
    [
      'con_2',
      'A client whose name goes on and on, for its makers could not stop at any point',
      'device_code',
    ],
  ] as const
  for (const [id, name, flow] of consents) {
    await store.consents.grant({
      id,
      userId,
      clientId: name,
      workspace: 'default',
      resource: `${scene.url}/mcp/code`,
      scopes: ['code:read', 'code:write', 'offline_access'],
      flow,
      at: clock.now(),
    })
  }
}
