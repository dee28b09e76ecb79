/**
 * Two parsers, one body (T50): JSON leaves duplicate keys undefined, and some parsers match names in any letter
 * case. A message in which policy and upstream could each pick another value is refused. Looked at: the message
 * itself, its `params`, `result` and `error`, and the `_meta` in those; deeper values are the upstream's business.
 */

/** Names policy decides on, by their folded form: a lone variant of one is refused too. */
const decisiveNames = [
  'jsonrpc',
  'id',
  'method',
  'params',
  'result',
  'error',
  'name',
  'uri',
  'taskId',
  '_meta',
  'protocolVersion',
  'clientInfo',
  'capabilities',
  'requestId',
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
  'traceparent',
  'tracestate',
  'baggage',
]
const meantBy: ReadonlyMap<string, string> = new Map(decisiveNames.map((name) => [fold(name), name]))
const foldedDecisive: ReadonlyMap<string, string> = new Map(decisiveNames.map((name) => [name, fold(name)]))

/** Which objects inside a checked one are checked too. */
type Depth = 'message' | 'members' | 'meta'

/** The first ambiguous key of a body that `JSON.parse` has accepted, or null. */
export function ambiguousKey(text: string): string | null {
  const scan = new Scan(text)
  scan.space()
  if (text.charCodeAt(scan.at) !== bracketOpen) return scan.object('message')
  scan.at += 1
  for (;;) {
    scan.space()
    const code = text.charCodeAt(scan.at)
    if (code === bracketClose || Number.isNaN(code)) return null
    if (code === comma) {
      scan.at += 1
      continue
    }
    const key = scan.object('message')
    if (key !== null) return key
  }
}

const quote = 0x22
const comma = 0x2c
const colon = 0x3a
const bracketOpen = 0x5b
const backslash = 0x5c
const bracketClose = 0x5d
const braceOpen = 0x7b
const braceClose = 0x7d

/** Every way a lenient parser may fold case, long s and Kelvin sign included. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

/** Walks text already known to be JSON; checks nothing of the grammar, never recurses past `_meta`. */
class Scan {
  at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  space(): void {
    let code = this.#text.charCodeAt(this.at)
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.at += 1
      code = this.#text.charCodeAt(this.at)
    }
  }

  /** Reads the value at hand; for an object, answers its first ambiguous key. */
  object(depth: Depth): string | null {
    if (this.#text.charCodeAt(this.at) !== braceOpen) {
      this.#skip()
      return null
    }
    this.at += 1
    const seen: string[] = []
    for (;;) {
      this.space()
      const code = this.#text.charCodeAt(this.at)
      if (code === braceClose || Number.isNaN(code)) {
        this.at += 1
        return null
      }
      if (code === comma) {
        this.at += 1
        continue
      }
      const name = this.#string()
      const exact = foldedDecisive.get(name)
      const folded = exact ?? fold(name)
      if (seen.includes(folded) || (exact === undefined && meantBy.has(folded))) return name
      // Past a bound no honest message reaches, the comparison would cost the square of the sender's effort.
      if (seen.push(folded) > 256) return name
      this.space()
      if (this.#text.charCodeAt(this.at) === colon) this.at += 1
      this.space()
      const inner = innerDepth(depth, name)
      const key = inner === null ? this.#skip() : this.object(inner)
      if (key !== null) return key
    }
  }

  /** The string at hand, unescaped. */
  #string(): string {
    const start = this.at
    this.#passString()
    const raw = this.#text.slice(start + 1, this.at - 1)
    return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
  }

  #passString(): void {
    let from = this.at + 1
    for (;;) {
      const end = this.#text.indexOf('"', from)
      if (end === -1) {
        this.at = this.#text.length
        return
      }
      let slashes = 0
      while (this.#text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1
      from = end + 1
      if (slashes % 2 === 0) {
        this.at = from
        return
      }
    }
  }

  /** Passes over one value of any kind. */
  #skip(): null {
    let depth = 0
    do {
      const code = this.#text.charCodeAt(this.at)
      if (Number.isNaN(code)) return null
      if (code === quote) this.#passString()
      else {
        if (code === braceOpen || code === bracketOpen) depth += 1
        else if (code === braceClose || code === bracketClose) {
          if (depth === 0) return null
          depth -= 1
        } else if (code === comma && depth === 0) return null
        this.at += 1
      }
    } while (depth > 0 || !this.#atEnd())
    return null
  }

  /** Whether a scalar or closed value has been passed. */
  #atEnd(): boolean {
    const code = this.#text.charCodeAt(this.at)
    return code === comma || code === braceClose || code === bracketClose || Number.isNaN(code)
  }
}

function innerDepth(depth: Depth, name: string): Depth | null {
  if (depth === 'message')
    return name === 'params' || name === 'result' || name === 'error' ? 'members' : null
  return depth === 'members' && name === '_meta' ? 'meta' : null
}
