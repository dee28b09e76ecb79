import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, testPassword } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import { formOf } from '../support/page-browser.ts'
import { meet, personAt, textOf } from '../support/person.ts'

let gateway: TestGateway
let oauth: OauthCaller
beforeAll(async () => {
  gateway = await startGateway({
    upstreams: [{ name: 'code', url: 'http://127.0.0.1:9', scopes: ['code:read'] }],
    settings: { limits: { enabled: false } },
  })
  oauth = new OauthCaller(gateway.url)
})
afterAll(() => gateway.close())

/** Goes to a request; answers the path of its question. */
async function askedAt({ browser }: Awaited<ReturnType<typeof meet>>, url: URL): Promise<string> {
  const { headers } = await browser.get(url.href.slice(gateway.url.length))
  return new URL(headers.get('location') ?? '', gateway.url).pathname
}

describe('auth 15: what the person is warned of', () => {
  it('in the device flow: of codes that others sent, whatever redirects the client has', async () => {
    const ada = await meet(gateway, 'device-warning@example.com')
    const client = await oauth.register({ redirect_uris: [redirectUri] })
    const { body } = await oauth.post('/oauth/device_authorization', { client_id: client.id })
    let shown = ''
    await ada.connectDevice(String(body['user_code']), {
      onConsent: (page) => {
        shown = textOf(page)
      },
    })
    expect(shown).toContain('Never enter a code that somebody sent you')
    expect(shown).not.toContain('It runs on this device')
  })

  it('of a program of this device, also when the client has another redirect it does not use', async () => {
    const ada = await meet(gateway, 'local-warning@example.com')
    const redirect_uris = ['https://known.example/callback', redirectUri]
    const client = await oauth.register({ redirect_uris, client_name: 'Known' })
    const shown: string[] = []
    const onConsent = (page: Parameters<typeof textOf>[0]) => void shown.push(textOf(page))
    await ada.authorize(oauth.begin(client.id).url, { onConsent })
    const https = { redirect_uri: 'https://known.example/callback' }
    await ada.authorize(oauth.begin(client.id, { ...https, prompt: 'consent' }).url, { onConsent })
    expect(shown.map((text) => text.includes('any program here could claim its name'))).toEqual([true, false])
  })
})

describe('T52: consent is asked for anew', () => {
  it.each(['https://localhost:8443/cb', 'https://127.0.0.1/cb', 'https://[::1]:9/cb'])(
    'for %s, where any program of the device may wait',
    async (redirect_uri) => {
      const ada = await meet(gateway, `${redirect_uri.length}@example.com`)
      const client = await oauth.register({ redirect_uris: [redirect_uri] })
      let asked = 0
      const conduct = { onConsent: () => void (asked += 1) }
      for (const time of [1, 2]) {
        await ada.authorize(oauth.begin(client.id, { redirect_uri }).url, conduct)
        expect(asked).toBe(time)
      }
    },
  )
})

describe('auth 10: a redirect URI that is taken away while a request waits', () => {
  it('gets no code', async () => {
    const ada = await meet(gateway, 'taken@example.com')
    const [old, kept] = ['https://old.example/cb', 'https://kept.example/cb']
    const client = await oauth.register({ redirect_uris: [old, kept], grant_types: ['authorization_code'] })
    await ada.signIn()
    const path = await askedAt(ada, oauth.begin(client.id, { redirect_uri: old }).url)
    const { status } = await oauth.send(`/oauth/register/${client.id}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${client.registrationToken}`,
      },
      body: JSON.stringify({
        client_id: client.id,
        redirect_uris: [kept],
        token_endpoint_auth_method: 'none',
      }),
    })
    expect(status).toBe(200)
    const { away, last } = await ada.follow(`${gateway.url}${path}`)
    expect([away, last.status]).toEqual([null, 400])
  })
})

describe('auth 18: a login session that ends while its request waits', () => {
  it('is followed by another of the same person, whose answer reaches the client', async () => {
    const ada = await meet(gateway, 'again@example.com')
    await ada.signIn()
    const client = await oauth.register()
    const path = await askedAt(ada, oauth.begin(client.id).url)
    expect((await ada.browser.get(path)).status).toBe(200)
    ada.browser.jar.set('sallyport', '')
    const { headers } = await ada.browser.get(path)
    const login = headers.get('location') ?? ''
    expect(login).toContain('/login?next=')
    await ada.browser.signIn(ada.email, testPassword, {}, login)
    const { away } = await ada.follow(`${gateway.url}${path}`)
    expect(away?.searchParams.get('code')).toEqual(expect.any(String))
  })

  it('answers nothing with a form of the session before it', async () => {
    const ada = await meet(gateway, 'stale@example.com')
    await ada.signIn()
    const client = await oauth.register()
    const path = await askedAt(ada, oauth.begin(client.id).url)
    const form = formOf((await ada.browser.get(path)).text, path)
    const again = personAt(gateway.url, ada.email)
    await again.signIn()
    ada.browser.jar.set('sallyport', again.browser.jar.get('sallyport') ?? '')
    const { status } = await ada.browser.post(path, { ...form, answer: 'allow', workspace: 'default' })
    expect([303, 403]).toContain(status)
    expect(await gateway.store.consents.list(ada.userId)).toEqual([])
  })
})

describe('auth 12: an answer to a device leads nowhere else', () => {
  it('and is no failure of ours where it is tried', async () => {
    const ada = await meet(gateway, 'crossed@example.com')
    await ada.signIn()
    const client = await oauth.register()
    const { body } = await oauth.post('/oauth/device_authorization', { client_id: client.id })
    const page = await ada.browser.get(`/device?user_code=${String(body['user_code'])}`)
    const confirmed = await ada.browser.post('/device', formOf(page.text, '/device'))
    const { pathname } = new URL(confirmed.headers.get('location') ?? '')
    const uid = pathname.split('/').at(-1) ?? ''
    const question = await ada.browser.get(pathname)
    await ada.browser.post(pathname, {
      ...formOf(question.text, pathname),
      answer: 'allow',
      workspace: 'default',
    })
    ada.browser.jar.set('sallyport_resume', uid)
    const { status, headers } = await ada.browser.get(`/oauth/authorize/${uid}`)
    expect([status, headers.get('location')]).toEqual([400, null])
    expect(gateway.logged.filter((line) => line.includes('"level":"error"'))).toEqual([])
  })
})
