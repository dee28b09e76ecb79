/** What a browser keeps of `Set-Cookie`, for one host. */
export class CookieJar {
  readonly #values = new Map<string, string>()

  take(setCookies: readonly string[]): void {
    for (const cookie of setCookies) {
      const [pair = '', ...attributes] = cookie.split(';').map((part) => part.trim())
      const sign = pair.indexOf('=')
      const [name, value] = [pair.slice(0, sign), pair.slice(sign + 1)]
      if (attributes.some((attribute) => attribute.toLowerCase() === 'max-age=0')) this.#values.delete(name)
      else this.#values.set(name, value)
    }
  }

  get(name: string): string | undefined {
    return this.#values.get(name)
  }

  set(name: string, value: string): void {
    this.#values.set(name, value)
  }

  /** The `Cookie` header; '' when there is none. */
  header(): string {
    return [...this.#values].map(([name, value]) => `${name}=${value}`).join('; ')
  }
}
