import { createHash } from 'node:crypto'

/** Where bytes end up that this sweep looks through. */
export const places = ['traces', 'analytics', 'metrics', 'log'] as const
export type Place = (typeof places)[number]

interface Needle {
  readonly name: string
  readonly allowed: ReadonlySet<Place>
  /** Looked for whatever the case of the bytes. */
  readonly folded: readonly string[]
  /** Looked for as they are. */
  readonly exact: readonly string[]
}

/** Marks for untrusted inputs, each unlike any other, and the search for them in what has left. */
export class Canaries {
  readonly #seed: number
  readonly #allows: (name: string) => readonly Place[]
  readonly #needles: Needle[] = []
  readonly #watched = new Set<string>()

  /** `allows` says where marks of a name may be seen besides; nowhere when absent. */
  constructor(seed: number, allows: (name: string) => readonly Place[] = () => []) {
    this.#seed = seed
    this.#allows = allows
  }

  /** How many there are. */
  get count(): number {
    return this.#needles.length
  }

  /** A new mark for an input of that name: 20 small letters and digits. Only `allowed` may show it. */
  make(name: string, ...allowed: Place[]): string {
    const digest = createHash('sha256').update(`${this.#seed} ${this.#needles.length} ${name}`).digest('hex')
    const text = `zq${BigInt(`0x${digest}`).toString(36).slice(-18)}`
    this.watch(name, text, ...allowed)
    return text
  }

  /** Looks for a text that was made elsewhere, such as a key. It must be ASCII. */
  watch(name: string, text: string, ...allowed: Place[]): void {
    const percent = Array.from(Buffer.from(text), (byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    const hash = createHash('sha256').update(text).digest()
    this.#needles.push({
      name,
      allowed: new Set([...allowed, ...this.#allows(name)]),
      folded: [
        text.toLowerCase(),
        encodeURIComponent(text).toLowerCase(),
        percent,
        Buffer.from(text).toString('hex'),
        hash.toString('hex').slice(0, 32),
      ],
      exact: [
        ...inBase64(text),
        hash.toString('base64').slice(0, 20),
        hash.toString('base64url').slice(0, 20),
      ],
    })
  }

  /** The same for what is handed out again and again. */
  watchOnce(name: string, text: string): void {
    if (this.#watched.has(text)) return
    this.#watched.add(text)
    this.watch(name, text)
  }

  /** The names of those that bytes of this place show without leave, each with the form it is in. */
  leaksIn(place: Place, bytes: Buffer): string[] {
    const text = new Haystack(bytes.toString('latin1'))
    const small = new Haystack(text.text.toLowerCase())
    return this.#needles
      .filter(({ allowed }) => !allowed.has(place))
      .flatMap(({ name, folded, exact }) => {
        const found =
          folded.find((form) => small.includes(form)) ?? exact.find((form) => text.includes(form)) ?? null
        return found === null ? [] : [`${name} in ${place} as ${found}: …${around(small.text, found)}…`]
      })
  }
}

/** A text in which thousands of others are looked for: most are known not to be there by a few of their letters. */
class Haystack {
  readonly text: string
  readonly #seen = new Uint8Array(2 ** 22)

  constructor(text: string) {
    this.text = text
    for (let at = 0; at + 4 <= text.length; at += 1) this.#seen[slotOf(text, at)] = 1
  }

  includes(wanted: string): boolean {
    for (let at = 0; at + 4 <= wanted.length; at += 4) if (this.#seen[slotOf(wanted, at)] === 0) return false
    return this.text.includes(wanted)
  }
}

function slotOf(text: string, at: number): number {
  const four =
    text.charCodeAt(at) |
    (text.charCodeAt(at + 1) << 8) |
    (text.charCodeAt(at + 2) << 16) |
    (text.charCodeAt(at + 3) << 24)
  return Math.imul(four, 0x9e3779b1) >>> 10
}

/** What of a text's base64 stays the same whatever stands before and behind it, for each place it can begin at. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
    const whole = Math.floor(bytes.length / 3) * 4
    return bytes.toString('base64').slice(before === 0 ? 0 : before + 1, whole)
  })
}

function around(text: string, found: string): string {
  const at = text.indexOf(found.toLowerCase())
  return JSON.stringify(text.slice(Math.max(0, at - 60), at + found.length + 20))
}
