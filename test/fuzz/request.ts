import type { Dice } from '../isolation/load/dice.ts'

export type Fields = readonly (readonly [string, string])[]

/** A request before it is bytes. */
export interface FuzzRequest {
  readonly method: string
  readonly target: string
  readonly fields: Fields
  /** Null: no body and no framing of one. */
  readonly body: Buffer | null
  readonly chunked: boolean
}

/** What has to come back for one request. */
export interface Expected {
  readonly statuses: readonly number[]
  /** The reason of a refusal; null when it is none or when there are several. */
  readonly reason: string | null
  /** What the upstream says back; null when nothing of the request does come back. */
  readonly echo: string | null
}

/** A request on the wire, and what is known of its answer; null when mutations leave nothing to be known. */
export interface Piece {
  readonly name: string
  readonly bytes: Buffer
  readonly head: boolean
  readonly expected: Expected | null
}

/** Writes it out. Fields go in any order, names in any letter case: both mean the same. */
export function written({ method, target, fields, body, chunked }: FuzzRequest, dice: Dice): Buffer {
  const has = (wanted: string) => fields.some(([name]) => name.toLowerCase() === wanted)
  const all: (readonly [string, string])[] = [...fields]
  if (!has('host')) all.unshift(['Host', dice.pick(['localhost', '127.0.0.1', 'LOCALHOST:1', '[::1]'])])
  if (body !== null && chunked) all.push(['Transfer-Encoding', 'chunked'])
  else if (body !== null && !has('content-length')) all.push(['Content-Length', String(body.length)])
  const lines = all.map(([name, value]) => `${spelled(name, dice)}:${dice.pick([' ', '', '\t'])}${value}\r\n`)
  const head = Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines.join('')}\r\n`, 'latin1')
  if (body === null) return head
  return Buffer.concat([head, chunked ? inChunks(body, dice) : body])
}

function spelled(name: string, dice: Dice): string {
  const roll = dice.under(10)
  if (roll === 0) return name.toUpperCase()
  return roll < 3 ? name.toLowerCase() : name
}

function inChunks(body: Buffer, dice: Dice): Buffer {
  const parts: Buffer[] = []
  for (let place = 0; place < body.length;) {
    const size = Math.min(body.length - place, 1 + dice.under(dice.pick([3, 64, 2000])))
    const extension = dice.chance(0.1) ? ';x=1' : ''
    parts.push(Buffer.from(`${size.toString(16)}${extension}\r\n`), body.subarray(place, place + size))
    parts.push(Buffer.from('\r\n'))
    place += size
  }
  parts.push(Buffer.from(dice.chance(0.1) ? '0\r\nX-Trailer: 1\r\n\r\n' : '0\r\n\r\n'))
  return Buffer.concat(parts)
}

/** Any JSON, some of it unpleasant; `depth` bounds the nesting made by recursion. */
export function anyJson(dice: Dice, depth: number): unknown {
  const roll = dice.under(depth <= 0 ? 6 : 9)
  if (roll === 0) return null
  if (roll === 1) return dice.chance(0.5)
  if (roll === 2) return dice.pick([0, -0, 1, -1, 1e308, 5e-324, 2 ** 53, 0.1, dice.under(2 ** 31)])
  if (roll < 6) return anyText(dice)
  const count = dice.under(4)
  if (roll === 6) return Array.from({ length: count }, () => anyJson(dice, depth - 1))
  return Object.fromEntries(
    Array.from({ length: count }, (_, place) => [`${place}${anyText(dice)}`, anyJson(dice, depth - 1)]),
  )
}

const texts = [
  '',
  'a',
  '\0',
  '\u2028',
  '😀',
  '"',
  '\\',
  '\uD800',
  '../',
  '__proto__',
  'constructor',
  '%00',
  '\r\n',
]

function anyText(dice: Dice): string {
  return dice.chance(0.7) ? dice.pick(texts) : dice.hex().repeat(dice.pick([1, 1, 1, 40]))
}
