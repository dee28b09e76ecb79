import { describe, expect, it } from 'vitest'
import type { Emit } from '../telemetry/telemetry.ts'
import { VerifiedTokens } from './verified-tokens.ts'

function make() {
  const state = { now: 1000, told: [] as string[] }
  const emit = ((_: string, fields: { outcome: string }) => void state.told.push(fields.outcome)) as Emit
  const clock = { now: () => state.now, monotonic: () => state.now }
  return { state, tokens: new VerifiedTokens<{ id: number }>({ clock, emit }) }
}

describe('verified tokens', () => {
  it('are found until their time, and not after', () => {
    const { state, tokens } = make()
    tokens.keep('a.b.c', { id: 1 }, 2000)
    expect(tokens.find('a.b.c')).toEqual({ id: 1 })
    expect(tokens.find('a.b.d')).toBeUndefined()
    state.now = 2000
    expect(tokens.find('a.b.c')).toBeUndefined()
    tokens.missed()
    expect(state.told).toEqual(['hit', 'miss'])
  })

  it('are bounded: the one kept for the longest makes room', () => {
    const { tokens } = make()
    for (let id = 0; id <= 20_000; id += 1) tokens.keep(`token ${id}`, { id }, 2000)
    expect(tokens.find('token 0')).toBeUndefined()
    expect(tokens.find('token 1')).toEqual({ id: 1 })
    expect(tokens.find('token 20000')).toEqual({ id: 20_000 })
  })
})
