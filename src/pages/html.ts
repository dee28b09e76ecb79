/** Markup that is safe to send: made by the tag below, and by nothing else. */
class Markup {
  declare protected readonly stage: 'escaped'
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

export type Html = Markup

/** What may stand in a template. `false` and `null` leave nothing, so that `condition && html` reads well. */
export type HtmlValue = string | number | Html | readonly Html[] | null | false

/**
 * Markup with its values escaped, for text and for attributes in quotation marks alike. There is no way to put a raw
 * string in: what is not made by this tag is text.
 */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  let text = parts[0] ?? ''
  for (const [place, value] of values.entries()) text += `${textOf(value)}${parts[place + 1] ?? ''}`
  return new Markup(text)
}

function textOf(value: HtmlValue): string {
  if (value === null || value === false) return ''
  if (value instanceof Markup) return value.toString()
  if (typeof value === 'object') return value.map(String).join('')
  return escapeText(String(value))
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
}

/**
 * Characters that change how the text around them reads: controls, and those that turn the direction of writing. A
 * client called `moc.knab` behind a U+202E would read as a bank's name.
 */
const deceptive = /(?![\t\n\r])[\p{Cc}\p{Bidi_Control}\u200B\u2028\u2029\u2060-\u206F\uFEFF\uFFF9-\uFFFB]/gu

function escapeText(text: string): string {
  return text
    .toWellFormed()
    .replace(deceptive, '\uFFFD')
    .replace(/[&<>"'`]/g, (sign) => entities[sign] ?? sign)
}
