interface Cookie {
  readonly name: string
  readonly value: string
  readonly path: string
}

/** What a browser keeps of `Set-Cookie`, for one host. */
export class CookieJar {
  #cookies: readonly Cookie[] = []

  take(setCookies: readonly string[]): void {
    for (const line of setCookies) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
      const sign = pair.indexOf('=')
      const path = attributes.find((attribute) => /^path=/i.test(attribute))?.slice(5) ?? '/'
      const isOver = attributes.some((attribute) =>
        /^(?:max-age=0|expires=Thu, 01 Jan 1970.*)$/i.test(attribute),
      )
      this.#put({ name: pair.slice(0, sign), value: pair.slice(sign + 1), path }, isOver)
    }
  }

  get(name: string): string | undefined {
    return this.#cookies.find((cookie) => cookie.name === name)?.value
  }

  set(name: string, value: string): void {
    this.#put({ name, value, path: '/' }, false)
  }

  /** The `Cookie` header for a path; '' when there is none. */
  header(path: string): string {
    const isFor = (cookie: Cookie) =>
      path === cookie.path || path.startsWith(cookie.path.endsWith('/') ? cookie.path : `${cookie.path}/`)
    return this.#cookies
      .filter(isFor)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
  }

  #put(cookie: Cookie, isOver: boolean): void {
    const others = this.#cookies.filter(({ name, path }) => name !== cookie.name || path !== cookie.path)
    this.#cookies = isOver ? others : [...others, cookie]
  }
}
