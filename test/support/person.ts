import { testPassword } from './gateway.ts'
import type { TestGateway } from './gateway.ts'
import { formOf, PageBrowser } from './page-browser.ts'
import type { ArrivedPage } from './page-browser.ts'

/** What a person does with what they are asked. */
export interface Conduct {
  /** The workspace they choose. */
  readonly workspace?: string
  /** Whether they say no. */
  readonly denies?: boolean
  /** Called with each page that asks for consent, before it is answered. */
  readonly onConsent?: (page: ArrivedPage) => void | Promise<void>
}

/** Somebody with a browser, who signs in with address and password where that is asked, and consents. */
export interface Person {
  readonly browser: PageBrowser
  readonly email: string
  /** Goes to an authorization request; answers where they are led away to: the client's redirect URI with the answer. */
  authorize(url: string | URL, conduct?: Conduct): Promise<URL>
  /** The same, but they may be led nowhere: answers the page that stays. */
  follow(url: string | URL, conduct?: Conduct): Promise<Followed>
  /** Enters the code of a device and agrees to it; answers the last page. */
  connectDevice(userCode: string, conduct?: Conduct): Promise<ArrivedPage>
  signIn(): Promise<void>
}

export interface Followed {
  /** Where they are led, away from the gateway; null when a page stays. */
  readonly away: URL | null
  readonly last: ArrivedPage
}

/** A user of the gateway with a password, in front of a new browser. */
export async function meet(
  gateway: TestGateway,
  email: string,
  workspaces: readonly [string, ...string[]] = ['default'],
): Promise<Person & { readonly userId: string }> {
  const [first, ...others] = workspaces
  const user = await gateway.addUser(email, first)
  for (const workspace of others) await gateway.addUser(email, workspace)
  await gateway.givePassword(user)
  return { ...personAt(gateway.url, email), userId: user.id }
}

export interface PersonOptions {
  readonly browser?: PageBrowser
  readonly password?: string
}

/** A person at a new browser, whom the gateway at that URL may know. */
export function personAt(
  url: string,
  email: string,
  { browser = new PageBrowser(url), password = testPassword }: PersonOptions = {},
): Person {
  const base = new URL(url).pathname.replace(/\/$/, '')
  const pathOf = (target: URL) => target.href.slice(url.length)
  const isOurs = (target: URL) => target.href.startsWith(`${url}/`)

  const follow: Person['follow'] = async (start, conduct = {}) => {
    let at = new URL(start)
    let last = await browser.get(pathOf(at))
    for (let steps = 0; steps < 20; steps += 1) {
      const location = last.headers.get('location')
      if (location !== null) {
        at = new URL(location, at)
        if (!isOurs(at)) return { away: at, last }
        last = await browser.get(pathOf(at))
        continue
      }
      const next = last.status === 200 ? await answer(last, conduct) : null
      if (next === null) return { away: null, last }
      last = next
    }
    throw new Error('the way is not at its end after twenty steps')
  }

  /** Fills in the one form there is, as a person would; null when nothing is asked. */
  const answer = async (page: ArrivedPage, conduct: Conduct): Promise<ArrivedPage | null> => {
    const action = formAction(page.text, base)
    if (action === '/login') {
      return browser.post('/login', { ...formOf(page.text, '/login'), email, password })
    }
    if (action?.startsWith('/consent/') !== true) return null
    await conduct.onConsent?.(page)
    const hidden = formOf(page.text, action)
    if (conduct.denies === true) return browser.post(action, { ...hidden, answer: 'deny' })
    const workspace = hidden['workspace'] ?? conduct.workspace ?? 'default'
    return browser.post(action, { ...hidden, answer: 'allow', workspace })
  }

  return {
    browser,
    email,
    follow,
    async authorize(start, conduct) {
      const { away, last } = await follow(start, conduct)
      if (away === null) throw new Error(`${email} is not led back: ${last.status} ${textOf(last)}`)
      return away
    },
    async connectDevice(userCode, conduct) {
      const { last } = await follow(`${url}/device`, conduct)
      const shown = await browser.post('/device', { ...formOf(last.text, '/device'), user_code: userCode })
      if (!shown.text.includes(userCode)) throw new Error(`the code was not taken: ${textOf(shown)}`)
      const confirmed = await browser.post('/device', formOf(shown.text, '/device'))
      const location = confirmed.headers.get('location')
      return location === null ? confirmed : (await follow(new URL(location, url), conduct)).last
    },
    async signIn() {
      const { status } = await browser.signIn(email, password)
      if (status !== 303) throw new Error(`${email} is not signed in: ${status}`)
    },
  }
}

/** Where the form of a page goes, below the base; undefined when it has none. */
function formAction(html: string, base: string): string | undefined {
  const forms = html.matchAll(/<form[^>]*action="([^"]*)"/g)
  const actions = Array.from(forms, ([, action = '']) => action.slice(base.length))
  return actions.find((action) => /^\/(?:login|consent\/|device)/.test(action))
}

/** What a person reads on it. */
export function textOf({ text }: ArrivedPage): string {
  const body = text.replace(/<(head|style|script)[\s\S]*?<\/\1>/g, '')
  return body.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ').trim()
}
