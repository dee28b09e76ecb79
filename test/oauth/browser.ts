import type { ConsentRequest } from '../../src/oauth/interaction.ts'
import type { Scene } from './scene.ts'

interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Where it leads, as an absolute URL; null when it stays. */
  readonly location: URL | null
}

/** How a person goes through an authorization request. */
export interface Conduct {
  readonly workspace?: string
  readonly deny?: boolean
  /** Who signs in where that is asked; nobody by default. */
  readonly signsInAs?: string
}

/** A browser with a cookie jar and a person in front of it. It keeps to publicUrl, wherever that is really served. */
export interface TestBrowser {
  readonly cookies: readonly Cookie[]
  signIn(userId: string): Promise<string>
  signOut(): void
  get(url: string | URL): Promise<Answer>
  post(url: string | URL, form: Readonly<Record<string, string>>): Promise<Answer>
  /** Goes on until it is led away from the server, or a page stays. */
  walk(url: string | URL, conduct?: Conduct): Promise<Walked>
}

export interface Walked {
  /** Where the browser is led, away from the server; null when a page stays. */
  readonly away: URL | null
  readonly last: Answer
  /** The consent pages that were shown. */
  readonly shown: readonly ConsentRequest[]
  /** How often a sign-in was asked for. */
  readonly signIns: number
}

export function createBrowser(scene: Scene): TestBrowser {
  let jar: Cookie[] = []
  const isOurs = (url: URL) => url.origin === scene.publicUrl.origin

  const ask = async (address: string | URL, init: RequestInit = {}): Promise<Answer> => {
    const url = new URL(address, scene.issuer)
    const sent = jar.filter(({ path }) => url.pathname === path || url.pathname.startsWith(under(path)))
    const cookie = sent.map(({ name, value }) => `${name}=${value}`).join('; ')
    const target = new URL(url.pathname + url.search, scene.origin)
    const headers = { ...(cookie === '' ? {} : { cookie }), ...(init.headers as Record<string, string>) }
    const response = await fetch(target, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(line)
    const location = response.headers.get('location')
    return {
      status: response.status,
      headers: response.headers,
      text: await response.text(),
      location: location === null ? null : new URL(location, url),
    }
  }

  const keep = (line: string) => {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const name = pair.slice(0, pair.indexOf('='))
    const value = pair.slice(pair.indexOf('=') + 1)
    const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
    jar = jar.filter((known) => known.name !== name || known.path !== path)
    if (value !== '' && !/expires=Thu, 01 Jan 1970/i.test(line)) jar.push({ name, value, path })
  }

  const browser: TestBrowser = {
    get cookies() {
      return jar
    },
    async signIn(userId) {
      const { cookie, sessionId } = await scene.signIn(userId)
      keep(`${cookie}; Path=/`)
      return sessionId
    },
    signOut() {
      jar = jar.filter(({ name }) => !name.endsWith('sallyport'))
    },
    get: (url) => ask(url),
    post: (url, form) => ask(url, { method: 'POST', body: new URLSearchParams(form) }),
    async walk(start, { workspace = 'default', deny = false, signsInAs } = {}) {
      const shown: ConsentRequest[] = []
      let signIns = 0
      let url = new URL(start, scene.issuer)
      let last = await ask(url)
      for (let steps = 0; steps < 20; steps += 1) {
        if (last.location !== null) {
          if (!isOurs(last.location) || isCallback(last.location))
            return { away: last.location, last, shown, signIns }
          url = last.location
          last = await ask(url)
          continue
        }
        if (url.pathname.endsWith('/login')) {
          signIns += 1
          const next = url.searchParams.get('next')
          if (signsInAs === undefined || next === null || signIns > 3) break
          await browser.signIn(signsInAs)
          url = new URL(next, url)
          last = await ask(url)
          continue
        }
        const pending =
          last.status === 200 && url.pathname.includes('/consent/') ? JSON.parse(last.text) : null
        if (pending?.waitsFor !== 'consent') break
        shown.push((pending as { request: ConsentRequest }).request)
        last = await browser.post(url, deny ? { deny: 'yes' } : { workspace })
        if (last.location === null) break
      }
      return { away: null, last, shown, signIns }
    },
  }
  return browser
}

function under(path: string): string {
  return path.endsWith('/') ? path : `${path}/`
}

/** Clients of the tests are called back on this machine, too. */
function isCallback(url: URL): boolean {
  return url.pathname.startsWith('/client/')
}
