/** A place in a trace, as W3C Trace Context writes it in `traceparent`. */
export interface TraceParent {
  /** 32 lower-case hex digits, not all zero. */
  readonly traceId: string
  /** 16 lower-case hex digits, not all zero. */
  readonly spanId: string
}

/** The length of a version 00 `traceparent`: the only one that can be overwritten in place. */
const wholeLength = 55

/**
 * Reads a `traceparent` (W3C Trace Context section 3.2); null when it is none. A later version may be longer, ff is
 * forbidden. The sampled flag is left out on purpose: a caller does not decide what we export.
 */
export function readTraceParent(text: string): TraceParent | null {
  if (text.length < wholeLength) return null
  const version = text.slice(0, 2)
  if (version === 'ff' || (version === '00' && text.length > wholeLength)) return null
  if (text.length > wholeLength && text.charCodeAt(wholeLength) !== dash) return null
  const dashes = text.charCodeAt(2) === dash && text.charCodeAt(35) === dash && text.charCodeAt(52) === dash
  if (!dashes || hexSum(text, 0, 2) === null || hexSum(text, 53, 55) === null) return null
  const isId = (hexSum(text, 3, 35) ?? 0) > 0 && (hexSum(text, 36, 52) ?? 0) > 0
  return isId ? { traceId: text.slice(3, 35), spanId: text.slice(36, 52) } : null
}

/** Null when something there is no lower-case hex digit; 0 when all digits are zero. */
function hexSum(text: string, from: number, to: number): number | null {
  let sum = 0
  for (let place = from; place < to; place += 1) {
    const code = text.charCodeAt(place)
    if (code >= 0x30 && code <= 0x39) sum += code - 0x30
    else if (code >= 0x61 && code <= 0x66) sum += 1
    else return null
  }
  return sum
}

/** Writes a version 00 `traceparent`. */
export function writeTraceParent({ traceId, spanId }: TraceParent, sampled: boolean): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
}

/**
 * Overwrites the valid `params._meta.traceparent` of each message of a body, in place and in the same length: nothing
 * is inserted and nothing is written anew. The body must be one that `parseBody` has accepted, so its keys are clear.
 * Answers how many it overwrote; a value written with escapes, or longer, stays as it came.
 */
export function overwriteTraceParents(body: Buffer, traceParent: string): number {
  const places = traceParentPlaces(body)
  for (const place of places) body.write(traceParent, place, wholeLength, 'latin1')
  return places.length
}

function traceParentPlaces(body: Buffer): number[] {
  const scan = new Scan(body)
  const places: number[] = []
  scan.space()
  const batch = body[scan.at] === bracketOpen
  if (batch) scan.at += 1
  for (;;) {
    scan.space()
    const code = body[scan.at]
    if (code === undefined || code === bracketClose) return places
    if (code === comma) {
      scan.at += 1
      continue
    }
    const start = scan.at
    if (scan.enter('params') && scan.enter('_meta') && scan.enter('traceparent')) {
      const place = scan.at + 1
      const text = body.toString('latin1', place, place + wholeLength)
      const isWhole = body[scan.at] === quote && body[place + wholeLength] === quote
      if (isWhole && readTraceParent(text) !== null) places.push(place)
    }
    if (!batch) return places
    scan.at = start
    scan.skip()
  }
}

const quote = 0x22
const dash = 0x2d
const comma = 0x2c
const colon = 0x3a
const bracketOpen = 0x5b
const backslash = 0x5c
const bracketClose = 0x5d
const braceOpen = 0x7b
const braceClose = 0x7d

/**
 * Walks the bytes of text already known to be JSON in UTF-8, where no byte of a longer character looks like
 * punctuation. The twin of the one in `ambiguous-key.ts`, which walks characters: places here are byte offsets.
 */
class Scan {
  at = 0
  readonly #bytes: Buffer

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  space(): void {
    let code = this.#bytes[this.at]
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      this.at += 1
      code = this.#bytes[this.at]
    }
  }

  /** From the object at hand goes to the value of that member of its own; false when there is none. */
  enter(name: string): boolean {
    if (this.#bytes[this.at] !== braceOpen) return false
    this.at += 1
    for (;;) {
      this.space()
      const code = this.#bytes[this.at]
      if (code === comma) {
        this.at += 1
        continue
      }
      if (code !== quote) return false
      const found = this.#passKey(name)
      this.space()
      if (this.#bytes[this.at] === colon) this.at += 1
      this.space()
      if (found) return true
      this.skip()
    }
  }

  /** Passes over one value of any kind. */
  skip(): void {
    const bytes = this.#bytes
    let depth = 0
    for (;;) {
      const code = bytes[this.at]
      if (code === quote) {
        this.#passString()
        if (depth === 0) return
      } else if (code === undefined) return
      else if (code === braceOpen || code === bracketOpen) {
        depth += 1
        this.at += 1
      } else if (code === braceClose || code === bracketClose) {
        if (depth === 0) return
        depth -= 1
        this.at += 1
        if (depth === 0) return
      } else if (code === comma && depth === 0) return
      else this.at += 1
    }
  }

  /** Passes over the string at hand; answers whether it is that name, unescaped. */
  #passKey(name: string): boolean {
    const start = this.at + 1
    this.#passString()
    const end = this.at - 1
    // Escapes only make a string longer than what it says.
    if (end - start < name.length) return false
    if (end - start === name.length) return this.#says(name, start)
    const raw = this.#bytes.toString('utf8', start, end)
    return raw.includes('\\') && String(JSON.parse(`"${raw}"`)) === name
  }

  #says(name: string, start: number): boolean {
    for (let place = 0; place < name.length; place += 1) {
      if (this.#bytes[start + place] !== name.charCodeAt(place)) return false
    }
    return true
  }

  /** Most strings are short: looking at each byte costs less than asking for a search. */
  #passString(): void {
    const bytes = this.#bytes
    let at = this.at + 1
    const soon = at + 24
    while (at < soon) {
      const code = bytes[at]
      at += code === backslash ? 2 : 1
      if (code !== quote && code !== undefined) continue
      this.at = at
      return
    }
    this.at = at
    this.#passLongString()
  }

  /** From inside a string, not behind an open backslash. */
  #passLongString(): void {
    const begin = this.at
    let from = begin
    for (;;) {
      const end = this.#bytes.indexOf(quote, from)
      if (end === -1) {
        this.at = this.#bytes.length
        return
      }
      let slashes = 0
      while (end - 1 - slashes >= begin && this.#bytes[end - 1 - slashes] === backslash) slashes += 1
      from = end + 1
      if (slashes % 2 === 0) {
        this.at = from
        return
      }
    }
  }
}
