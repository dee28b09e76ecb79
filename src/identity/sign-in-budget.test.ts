import { describe, expect, it } from 'vitest'
import { stoppedClock } from '../../test/support/stopped-clock.ts'
import { LocalLimiter } from '../limits/local-limiter.ts'
import { createSignInBudget } from './sign-in-budget.ts'

function scene(perMinute = 5, perHour = 20) {
  const clock = stoppedClock()
  const budget = createSignInBudget({ perMinute, perHour }, new LocalLimiter({ clock }))
  /** Guesses at once, one after the other; answers how many were checked. */
  const guess = (account: string, address: string, times: number) => {
    let checked = 0
    for (let time = 0; time < times; time += 1) {
      const attempt = budget(account, address)
      if ('retryAfterSeconds' in attempt) continue
      checked += 1
      attempt.failed()
    }
    return checked
  }
  const retryAfter = (account: string, address: string) => {
    const attempt = budget(account, address)
    if ('retryAfterSeconds' in attempt) return attempt.retryAfterSeconds
    attempt.over()
    return 0
  }
  return { clock, budget, guess, retryAfter }
}

describe('auth 19: the budget of sign-ins', () => {
  it('gives one address so many failures at one account a minute, and says when to come again', () => {
    const { clock, guess, retryAfter } = scene()
    expect(guess('ada', '1.1.1.1', 50)).toBe(5)
    expect(retryAfter('ada', '1.1.1.1')).toBe(12)
    clock.advance(12_000)
    expect(retryAfter('ada', '1.1.1.1')).toBe(0)
    expect(guess('ada', '1.1.1.1', 50)).toBe(1)
  })

  it('counts no success', () => {
    const { retryAfter } = scene()
    for (let time = 0; time < 100; time += 1) expect(retryAfter('ada', '1.1.1.1')).toBe(0)
  })

  it('T55: holds nobody responsible for failures at other accounts or from other addresses', () => {
    const { guess, retryAfter } = scene()
    guess('ada', '1.1.1.1', 50)
    expect(retryAfter('bob', '1.1.1.1')).toBe(0)
    expect(retryAfter('ada', '2.2.2.2')).toBe(0)
  })

  it('T55: lets the owner in at an address of their own, however many others guess', () => {
    const { guess, retryAfter } = scene()
    for (let host = 0; host < 500; host += 1) guess('ada', `10.0.${host}.1`, 10)
    expect(retryAfter('ada', '2.2.2.2')).toBe(0)
    // Even after a slip of the fingers.
    expect(guess('ada', '2.2.2.2', 2)).toBe(2)
    expect(retryAfter('ada', '2.2.2.2')).toBe(0)
  })

  it('bounds what many addresses guess together in an hour', () => {
    const { clock, guess } = scene()
    const addresses = Array.from({ length: 10 }, (_, host) => `10.0.0.${host}`)
    let checked = 0
    for (let second = 0; second < 3600; second += 10) {
      for (const address of addresses) checked += guess('ada', address, 10)
      clock.advance(10_000)
    }
    // The budget of the account and its refill in an hour, and the same of each address; 3000 without the slow one.
    expect(checked).toBeLessThanOrEqual(20 + 20 + addresses.length * (5 + 5))
    expect(checked).toBeGreaterThan(20)
  })

  it('bounds one address that has an hour', () => {
    const { clock, guess } = scene(5, 20)
    let checked = 0
    for (let second = 0; second < 3600; second += 10) {
      checked += guess('ada', '1.1.1.1', 10)
      clock.advance(10_000)
    }
    expect(checked).toBeLessThanOrEqual(20 + 20 + 5 + 5)
  })

  it('counts what is being checked, so that guesses at once are no more than guesses in turn', () => {
    const { budget, guess } = scene()
    const attempts = Array.from({ length: 100 }, () => budget('ada', '1.1.1.1'))
    const begun = attempts.flatMap((attempt) => ('failed' in attempt ? [attempt] : []))
    expect(begun).toHaveLength(5)
    for (const attempt of begun) attempt.failed()
    expect(guess('ada', '1.1.1.1', 50)).toBe(0)
  })

  it('counts it no longer when it was right', () => {
    const { budget, retryAfter } = scene()
    const attempts = Array.from({ length: 5 }, () => budget('ada', '1.1.1.1'))
    expect(retryAfter('ada', '1.1.1.1')).toBe(1)
    for (const attempt of attempts) if ('over' in attempt) attempt.over()
    expect(retryAfter('ada', '1.1.1.1')).toBe(0)
  })
})
