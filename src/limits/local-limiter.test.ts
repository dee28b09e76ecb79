import { describe, expect, it } from 'vitest'
import type { LimitPolicy } from './limiter.ts'
import { LocalLimiter } from './local-limiter.ts'

const policy: LimitPolicy = { name: 'principal', quota: 6, windowSeconds: 60 }

function started(): { limiter: LocalLimiter; pass: (seconds: number) => void } {
  let now = 5_000_000
  const limiter = new LocalLimiter({ clock: { monotonic: () => now } })
  return {
    limiter,
    pass(seconds) {
      now += seconds * 1000
    },
  }
}

function takeAll(limiter: LocalLimiter, key: string, of = policy): number {
  let taken = 0
  while (limiter.take(of, key).allowed) taken += 1
  return taken
}

describe('the local limiter', () => {
  it('gives the whole quota at once, then nothing until a use has grown back', () => {
    const { limiter, pass } = started()
    expect(limiter.take(policy, 'a')).toStrictEqual({ allowed: true, remaining: 5, retryAfterSeconds: 0 })
    expect(takeAll(limiter, 'a')).toBe(5)
    expect(limiter.take(policy, 'a')).toStrictEqual({ allowed: false, remaining: 0, retryAfterSeconds: 10 })
    pass(9.5)
    expect(limiter.take(policy, 'a')).toStrictEqual({ allowed: false, remaining: 0, retryAfterSeconds: 1 })
    pass(0.5)
    expect(limiter.take(policy, 'a')).toMatchObject({ allowed: true, remaining: 0 })
    expect(limiter.take(policy, 'a').allowed).toBe(false)
  })

  it('allows no more in the end than quota and refill, however often it is asked', () => {
    const { limiter, pass } = started()
    let allowed = 0
    for (let asked = 0; asked < 10_000; asked += 1) {
      if (limiter.take(policy, 'a').allowed) allowed += 1
      pass(0.06)
    }
    expect(allowed).toBeLessThanOrEqual(66)
    expect(allowed).toBeGreaterThanOrEqual(65)
  })

  it('never saves up more than the quota', () => {
    const { limiter, pass } = started()
    takeAll(limiter, 'a')
    pass(86_400)
    expect(takeAll(limiter, 'a')).toBe(6)
  })

  it('keeps keys apart, and policies with equal keys', () => {
    const { limiter } = started()
    expect(takeAll(limiter, 'a')).toBe(6)
    expect(takeAll(limiter, 'b')).toBe(6)
    expect(takeAll(limiter, 'a', { ...policy, name: 'failures' })).toBe(6)
  })

  it('looks without taking', () => {
    const { limiter } = started()
    for (let looked = 0; looked < 20; looked += 1)
      expect(limiter.peek(policy, 'a')).toMatchObject({ allowed: true, remaining: 6 })
    takeAll(limiter, 'a')
    expect(limiter.peek(policy, 'a').allowed).toBe(false)
  })

  it('takes over a new quota at once', () => {
    const { limiter, pass } = started()
    expect(limiter.take(policy, 'a').remaining).toBe(5)
    expect(limiter.take({ ...policy, quota: 2 }, 'a').remaining).toBe(1)
    takeAll(limiter, 'a', { ...policy, quota: 2 })
    pass(1)
    expect(takeAll(limiter, 'a', { ...policy, quota: 120 })).toBe(2)
  })

  it('T46: remembers no more than 100 000 budgets: of 200 000 addresses the oldest are full again', () => {
    const { limiter } = started()
    const address = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`
    takeAll(limiter, address(0))
    for (let n = 1; n < 200_000; n += 1) limiter.take(policy, address(n))
    expect(limiter.peek(policy, address(199_999)).remaining).toBe(5)
    expect(limiter.peek(policy, address(150_000)).remaining).toBe(5)
    expect(limiter.peek(policy, address(0)).remaining).toBe(6)
  })

  it('does not forget a budget that is in use, whoever else comes by', () => {
    const { limiter } = started()
    takeAll(limiter, 'busy')
    for (let n = 0; n < 250_000; n += 1) {
      limiter.take(policy, String(n))
      if (n % 49_999 === 0) expect(limiter.take(policy, 'busy').allowed).toBe(false)
    }
  })
})
