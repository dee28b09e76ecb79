/**
 * A credential on its way through the product. It is no string, so that no log line, error, span, metric or event can
 * take it by mistake: neither the compiler nor a template literal nor JSON lets its text out.
 */
export class Secret {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  /** The text itself, for comparing, hashing and forwarding. */
  reveal(): string {
    return this.#text
  }

  toString(): string {
    return '[secret]'
  }

  toJSON(): string {
    return '[secret]'
  }
}
