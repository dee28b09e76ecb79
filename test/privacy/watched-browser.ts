import { PageBrowser } from '../support/page-browser.ts'
import type { ArrivedPage } from '../support/page-browser.ts'
import type { Canaries } from './canaries.ts'

/** A browser that marks what it says of itself, and has every secret it is handed looked for. */
export class WatchedBrowser extends PageBrowser {
  readonly #canaries: Canaries

  constructor(url: string, canaries: Canaries) {
    const mark = (name: string) => canaries.make(`browser ${name}`)
    super(url, {
      'User-Agent': `Mozilla/5.0 (X11; Linux) Firefox/140.0 ${mark('User-Agent')}`,
      'Accept-Language': `en;q=0.9,${mark('language')};q=0.1`,
      Referer: `${url}/account?from=${mark('Referer')}`,
    })
    this.#canaries = canaries
  }

  override async send(path: string, init: RequestInit & { headers: Record<string, string> }) {
    this.#watchQuery(path)
    const page = await super.send(path, init)
    this.#watch(page)
    return page
  }

  #watch({ headers, text }: ArrivedPage): void {
    for (const cookie of headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      this.#one(`cookie ${name}`, value)
    }
    for (const [, name = '', value = ''] of text.matchAll(/name="(token|xsrf|id)" value="([^"]*)"/g))
      this.#one(`field ${name}`, value)
    for (const [, id = ''] of text.matchAll(/action="\/consent\/([^"/]+)"/g)) this.#one('interaction', id)
    for (const [key = ''] of text.matchAll(/\bsp_[0-9A-Za-z]{12}_[0-9A-Za-z]+/g)) this.#one('issued key', key)
    this.#watchQuery(headers.get('location') ?? '')
  }

  /** Whatever a URL carries behind it that is long enough to be one of a kind. */
  #watchQuery(address: string): void {
    const sign = address.indexOf('?')
    if (sign === -1) return
    for (const [name, value] of new URLSearchParams(address.slice(sign + 1)))
      if (value.length >= 20 && !/[/\s]/.test(value)) this.#one(`query ${name}`, value)
  }

  #one(name: string, value: string): void {
    if (value.length >= 12) this.#canaries.watchOnce(name, value)
  }
}
