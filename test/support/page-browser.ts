import { CookieJar } from './cookie-jar.ts'

/** A page as it arrived. */
export interface ArrivedPage {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

type Fields = Readonly<Record<string, string | readonly string[]>>

/** A browser without scripts: it keeps cookies, and sends the forms it is told to. Redirects are left to the test. */
export class PageBrowser {
  readonly jar = new CookieJar()
  readonly #url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(url: string, headers: Readonly<Record<string, string>> = {}) {
    this.#url = url
    this.#headers = {
      'User-Agent': 'Mozilla/5.0 (X11; Linux) Firefox/140.0',
      Accept: 'text/html',
      ...headers,
    }
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<ArrivedPage> {
    return this.send(path, { headers })
  }

  /** Opens the page and sends the form of that action on it, with what it carries and the given fields. */
  async submit(page: string, action: string, fields: Fields = {}, headers = {}): Promise<ArrivedPage> {
    const form = formOf((await this.get(page)).text, action)
    return this.post(action, { ...form, ...fields }, headers)
  }

  post(action: string, fields: Fields, headers: Readonly<Record<string, string>> = {}): Promise<ArrivedPage> {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(fields))
      for (const one of [value].flat()) body.append(name, one)
    const origin = new URL(this.#url).origin
    return this.send(action, {
      method: 'POST',
      body: body.toString(),
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: origin, ...headers },
    })
  }

  async send(path: string, init: RequestInit & { headers: Record<string, string> }): Promise<ArrivedPage> {
    const cookie = this.jar.header(new URL(`${this.#url}${path}`).pathname)
    const headers = { ...this.#headers, ...(cookie === '' ? {} : { Cookie: cookie }), ...init.headers }
    const response = await fetch(`${this.#url}${path}`, { ...init, headers, redirect: 'manual' })
    this.jar.take(response.headers.getSetCookie())
    return { status: response.status, headers: response.headers, text: await response.text() }
  }

  /** Signs in on the page; answers what came back. */
  signIn(email: string, secret: string, more: Fields = {}, page = '/login'): Promise<ArrivedPage> {
    return this.submit(page, '/login', { email, password: secret, ...more })
  }
}

/** The hidden fields of the first form with that action. */
export function formOf(text: string, action: string): Record<string, string> {
  const forms = text.match(/<form[\s\S]*?<\/form>/g) ?? []
  const form = forms.find((one) => new RegExp(`action="[^"]*${action.replaceAll('/', '\\/')}"`).test(one))
  if (form === undefined) throw new Error(`no form for ${action}`)
  const hidden = form.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]*)"[^>]*value="([^"]*)"/g)
  return Object.fromEntries(Array.from(hidden, ([, name = '', value = '']) => [name, value]))
}
