/** A budget: `quota` uses in `windowSeconds`, refilled evenly; the whole of it may be used at once. */
export interface LimitPolicy {
  /** The policy's name in the RateLimit fields. */
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
}

/** The answer to one use. */
export interface LimitDecision {
  readonly allowed: boolean
  /** Whole uses left now. */
  readonly remaining: number
  /** Seconds until one use is left again; 0 when there is one. */
  readonly retryAfterSeconds: number
}

/** Counts uses against budgets. Answers at once: a limit costs a request no trip over the wire. */
export interface Limiter {
  /** Takes uses from the budget of `key`, all or none; more than the whole budget count as the whole of it. */
  take(policy: LimitPolicy, key: string, uses?: number): LimitDecision
  /** Looks without taking. */
  peek(policy: LimitPolicy, key: string): LimitDecision
}
