import type { Clock } from '../lib/clock.ts'
import type { Limiter, LimitDecision, LimitPolicy } from './limiter.ts'

/** How many budgets are remembered; past it, the one untouched for longest is full again. */
const mostBudgets = 100_000

interface Budget {
  left: number
  at: number
}

/** Budgets of this process: token buckets that refill by the clock, in memory of a fixed most. */
export class LocalLimiter implements Limiter {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #budgets = new Map<string, Budget>()

  constructor(dependencies: { clock: Pick<Clock, 'monotonic'> }) {
    this.#clock = dependencies.clock
  }

  take(policy: LimitPolicy, key: string): LimitDecision {
    const budget = this.#refilled(policy, key)
    if (budget.left < 1) return decision(policy, budget.left, false)
    budget.left -= 1
    return decision(policy, budget.left, true)
  }

  peek(policy: LimitPolicy, key: string): LimitDecision {
    const { left } = this.#refilled(policy, key)
    return decision(policy, left, left >= 1)
  }

  #refilled({ name, quota, windowSeconds }: LimitPolicy, key: string): Budget {
    const now = this.#clock.monotonic()
    const id = `${name} ${key}`
    const known = this.#budgets.get(id)
    // Taken out and put back, so that the map's order is the order of use.
    if (known !== undefined) this.#budgets.delete(id)
    else if (this.#budgets.size >= mostBudgets) this.#forgetOldest()
    const budget = known ?? { left: quota, at: now }
    budget.left = Math.min(quota, budget.left + ((now - budget.at) / 1000) * (quota / windowSeconds))
    budget.at = now
    this.#budgets.set(id, budget)
    return budget
  }

  #forgetOldest(): void {
    const oldest = this.#budgets.keys().next()
    if (oldest.done !== true) this.#budgets.delete(oldest.value)
  }
}

function decision(policy: LimitPolicy, left: number, allowed: boolean): LimitDecision {
  const rate = policy.quota / policy.windowSeconds
  const retryAfterSeconds = left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / rate))
  return { allowed, remaining: Math.floor(left), retryAfterSeconds }
}
