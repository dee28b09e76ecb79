import type { Clock } from '../lib/clock.ts'
import type { Limiter, LimitDecision, LimitPolicy } from './limiter.ts'

/** For each policy the last so many budgets that were used are remembered, and at most twice as many. */
const mostInGeneration = 50_000

interface Budget {
  left: number
  at: number
}

interface Budgets {
  recent: Map<string, Budget>
  /** Those not used since `recent` was begun. */
  older: Map<string, Budget>
}

/** Budgets of this process: token buckets that refill by the clock, in memory of a fixed most. */
export class LocalLimiter implements Limiter {
  readonly #clock: Pick<Clock, 'monotonic'>
  /** By policy, so that a flood of one kind of key cannot push out another's budgets. */
  readonly #budgets = new Map<string, Budgets>()

  constructor(dependencies: { clock: Pick<Clock, 'monotonic'> }) {
    this.#clock = dependencies.clock
  }

  take(policy: LimitPolicy, key: string, uses = 1): LimitDecision {
    const budget = this.#refilled(policy, key)
    const wanted = Math.min(uses, policy.quota)
    if (budget.left < wanted) return decision(policy, budget.left, wanted, false)
    budget.left -= wanted
    return decision(policy, budget.left, 1, true)
  }

  peek(policy: LimitPolicy, key: string): LimitDecision {
    const { left } = this.#refilled(policy, key)
    return decision(policy, left, 1, left >= 1)
  }

  #refilled({ name, quota, windowSeconds }: LimitPolicy, key: string): Budget {
    const now = this.#clock.monotonic()
    let budgets = this.#budgets.get(name)
    if (budgets === undefined) {
      budgets = { recent: new Map(), older: new Map() }
      this.#budgets.set(name, budgets)
    }
    const known = budgets.recent.get(key)
    const budget = known ?? budgets.older.get(key) ?? { left: quota, at: now }
    if (known === undefined) keep(budgets, key, budget)
    budget.left = Math.min(quota, budget.left + ((now - budget.at) / 1000) * (quota / windowSeconds))
    budget.at = now
    return budget
  }
}

/** Budgets are forgotten, and thereby full again, a generation at a time: to seek the oldest takes ever longer. */
function keep(budgets: Budgets, key: string, budget: Budget): void {
  if (budgets.recent.size >= mostInGeneration) {
    budgets.older = budgets.recent
    budgets.recent = new Map()
  }
  budgets.recent.set(key, budget)
}

function decision(policy: LimitPolicy, left: number, wanted: number, allowed: boolean): LimitDecision {
  const rate = policy.quota / policy.windowSeconds
  const retryAfterSeconds = left >= wanted ? 0 : Math.max(1, Math.ceil((wanted - left) / rate))
  return { allowed, remaining: Math.floor(left), retryAfterSeconds }
}
