import { createDice } from '../isolation/load/dice.ts'
import type { Dice } from '../isolation/load/dice.ts'
import { scriptedRequest } from './broken-requests.ts'
import { canaryOf } from './canary.ts'
import { bearer, goodRequest, json } from './good-requests.ts'
import type { Cast } from './good-requests.ts'
import { refusedRequest } from './refused-requests.ts'
import { written } from './request.ts'
import type { Piece } from './request.ts'
import { wildBytes } from './wild-bytes.ts'

/**
 * How a case leaves: after its answers; by closing its own direction at once; by breaking off; by sending no more in
 * the middle of a request, until the gateway has had enough.
 */
export type Ending = 'wait' | 'half-close' | 'abandon' | 'stall'

/** What one connection sends. */
export interface FuzzCase {
  readonly index: number
  readonly ending: Ending
  /** Whole requests with known answers, in order. */
  readonly pieces: readonly Piece[]
  /** What follows them: anything, or nothing. */
  readonly tail: Buffer
  /** Whether the tail waits for the answers before it. */
  readonly inTurn: boolean
  /** Sizes of the writes, repeated from the first. */
  readonly writes: readonly number[]
  /** None of these may reach a guarded upstream. */
  readonly forbidden: readonly string[]
  /** Whether an upstream was told to be broken, so that 502 and 504 are right. */
  readonly broken: boolean
}

/** The case of an index is the same in every run with this seed, whatever ran before it. */
export function planCase(seed: number, index: number, cast: Cast): FuzzCase {
  const dice = createDice((Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0)
  dice.hex()
  const writes = writesOf(dice)
  const roll = dice.under(100)
  if (roll < 12) {
    const pieces = [scriptedRequest(dice, canaryOf(index, 0), cast)]
    const ending = dice.chance(0.1) ? 'abandon' : 'wait'
    return { index, ending, pieces, tail: Buffer.alloc(0), inTurn: true, writes, forbidden: [], broken: true }
  }
  const pieces: Piece[] = []
  const forbidden: string[] = []
  const count = roll < 40 ? 1 + dice.under(4) : dice.under(3)
  for (let place = 0; place < count; place += 1) {
    const canary = canaryOf(index, place)
    const isRefused = dice.chance(0.5)
    if (isRefused) forbidden.push(canary)
    pieces.push(isRefused ? refusedRequest(dice, canary, cast) : goodRequest(dice, canary, cast))
  }
  const shared = { index, pieces, writes, forbidden, broken: false }
  const last = canaryOf(index, count)
  if (roll < 40) {
    const ending = dice.pick<Ending>(['wait', 'wait', 'wait', 'wait', 'half-close', 'abandon'])
    return { ...shared, ending, tail: Buffer.alloc(0), inTurn: true }
  }
  const stranger = dice.chance(0.6)
  if (stranger) forbidden.push(last)
  const piece = stranger ? null : goodRequest(dice, last, cast)
  // Of a HEAD that mutation has changed nobody could say whether its answer has a body.
  const request = piece === null || piece.head ? strangersCall(dice, last, cast) : piece.bytes
  if (dice.chance(0.005)) {
    const tail = request.subarray(0, 1 + dice.under(request.length - 1))
    return { ...shared, ending: 'stall', tail, inTurn: true }
  }
  const tail = wildBytes(request, dice)
  return {
    ...shared,
    ending: dice.pick(['wait', 'wait', 'half-close', 'abandon']),
    tail,
    inTurn: dice.chance(0.7),
  }
}

function strangersCall(dice: Dice, canary: string, cast: Cast): Buffer {
  const role = dice.pick(['none', 'revoked', 'expired', 'disabled', 'unknown'])
  const params = { name: 'a', arguments: { canary } }
  const body = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
  const credential = role === 'none' ? [] : bearer(cast.keys[role])
  const fields = [...credential, ...json, ['Mcp-Param-Canary', canary] as const]
  const target = dice.pick(['/mcp', '/mcp/code'])
  return written({ method: 'POST', target, fields, body, chunked: dice.chance(0.3) }, dice)
}

function writesOf(dice: Dice): number[] {
  if (dice.chance(0.5)) return [1_000_000]
  return Array.from({ length: 1 + dice.under(4) }, () => 1 + dice.under(dice.pick([40, 300, 5000])))
}
