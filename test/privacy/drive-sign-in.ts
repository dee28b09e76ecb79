import { formOf } from '../support/page-browser.ts'
import { personAt } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { openPeerBrowser } from '../support/peer-browser.ts'
import type { PeerPerson } from '../support/sign-in-peers.ts'
import type { Canaries } from './canaries.ts'
import { WatchedBrowser } from './watched-browser.ts'

export interface BrowserTarget {
  readonly url: string
  readonly canaries: Canaries
  /** Somebody with a password here. */
  readonly person: { readonly email: string; readonly password: string }
  /** Somebody the providers know. */
  readonly peer: PeerPerson
}

export function openPerson({ url, canaries, person }: BrowserTarget): Person {
  const browser = new WatchedBrowser(url, canaries)
  return personAt(url, person.email, { browser, password: person.password })
}

/** Signs in by each kind of provider, rightly and wrongly, with marks in everything a browser can say. */
export async function driveSignIn(target: BrowserTarget): Promise<void> {
  const { url, canaries, person, peer } = target
  const mark = (name: string) => canaries.make(`sign-in ${name}`)
  const open = () => new WatchedBrowser(url, canaries)
  await open().signIn(`${mark('unknown address')}@example.com`, mark('password'))
  await open().signIn(person.email, mark('wrong password'))
  await open().signIn(peer.email, peer.password, { remember: 'yes', [mark('field')]: mark('value') })
  await open().signIn(peer.email, mark('wrong password there'), {}, `/login?next=/account?${mark('next')}`)
  await open().post('/login', { email: mark('address'), password: mark('password'), token: mark('token') })
  await open().post('/login', { email: mark('address') }, { Origin: `https://${mark('origin')}.example` })
  for (const provider of ['github', 'oidc', 'microsoft']) {
    for (const login of [peer.login, 'nobody']) await byProvider(target, provider, login)
    await forgedReturns(target, provider)
  }
  const known = openPerson(target)
  await known.signIn()
  for (const page of ['/account', '/account/apps', '/account/keys', '/logout', '/consent/unknown'])
    await known.browser.get(`${page}?${mark('query name')}=${mark('query value')}&done=${mark('done')}`)
  await driveAccount(known, canaries)
}

async function byProvider(target: BrowserTarget, provider: string, login: string): Promise<void> {
  const browser = new WatchedBrowser(target.url, target.canaries)
  const { headers } = await browser.get(`/login/begin/${provider}`)
  const page = new URL(headers.get('location') ?? '')
  const back = await openPeerBrowser().signIn(page, login, `${target.url}/login/callback/${provider}`)
  await browser.get(back.pathname + back.search)
}

/** Ways back that nobody's provider sent: what they say is a stranger's, and so is whatever is said of it. */
async function forgedReturns({ url, canaries }: BrowserTarget, provider: string): Promise<void> {
  const mark = (name: string) => canaries.make(`callback ${name}`)
  const path = `/login/callback/${provider}`
  await new WatchedBrowser(url, canaries).get(`${path}?code=${mark('code')}&state=${mark('state')}`)
  const errors = [
    () => `error=${mark('error')}&error_description=${mark('description')}&error_uri=${mark('uri')}`,
    () => `error=access_denied&error_description=${mark('description')}`,
    () => `code=${mark('code')}&iss=${mark('iss')}&session_state=${mark('session')}`,
    () => `code=${mark('code')}`,
    () => `${mark('name')}=${mark('value')}`,
  ]
  for (const query of errors) {
    const browser = new WatchedBrowser(url, canaries)
    const { headers } = await browser.get(`/login/begin/${provider}`)
    const state = new URL(headers.get('location') ?? '').searchParams.get('state') ?? ''
    await browser.get(`${path}?state=${state}&${query()}`)
  }
}

/** Makes, rotates and revokes a key, and asks for things that are not there. */
async function driveAccount({ browser }: Person, canaries: Canaries): Promise<void> {
  const mark = (name: string) => canaries.make(`account ${name}`)
  const make = (fields: object) =>
    browser.submit('/account/keys/new', '/account/keys/new', {
      name: mark('key name'),
      days: '30',
      ...fields,
    })
  await make({})
  await make({ scopes: mark('scope'), upstreams: mark('upstream'), workspace: mark('workspace') })
  await make({ days: mark('days') })
  await browser.submit('/account/keys', '/account/keys/rotate')
  await browser.submit('/account/keys', '/account/keys/revoke')
  await browser.submit('/account/keys', '/account/keys/revoke', { id: mark('key id') })
  const own = formOf((await browser.get('/logout')).text, '/logout')
  await browser.post('/account/sessions/end', { ...own, id: mark('session id') })
  await browser.post('/account/apps/revoke', { token: mark('token'), id: mark('consent id') })
}
