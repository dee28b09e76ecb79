/** So many in a time, by name. */
interface FailureLimit {
  readonly name: string
  readonly quota: number
  readonly windowSeconds: number
}

/** Counts failures against limits: what a `Limiter` does. */
export interface FailureCounter {
  take(limit: FailureLimit, key: string): unknown
  peek(limit: FailureLimit, key: string): { readonly remaining: number; readonly retryAfterSeconds: number }
}

export interface SignInLimits {
  /** Failures of one address at one account in a minute: `limits.loginsPerMinute`. */
  readonly perMinute: number
  /** Failures of all addresses at one account in an hour: `limits.loginsPerHour`. */
  readonly perHour: number
}

/** One attempt that may go on: report how it went, once. */
export interface Attempt {
  failed(): void
  /** It was right, or could not be judged. */
  over(): void
}

/** Says which attempts at an account's password may be checked. `Retry-After` in seconds when one may not. */
export type SignInBudget = (
  account: string,
  address: string,
) => Attempt | { readonly retryAfterSeconds: number }

/** The name under which failures at an account are counted: whatever a provider might take for the same is the same. */
export function budgetAccount(email: string): string {
  // Trimmed before it is cut: else spaces in front would make of one account as many names as it has letters.
  return email.trim().slice(0, 512).normalize('NFKC').trim().toLowerCase().slice(0, 254)
}

/**
 * Bounds guessing, and yet never refuses the owner for what others do. Only failures count, by account and address.
 *
 * - One address gets `perMinute` failures a minute at one account; after them it is refused before its password is
 *   looked at, or guessing would go on behind the refusals.
 * - All addresses together get `perHour` failures an hour at one account. Once those are used up, an address that has
 *   failed `perMinute` times in this hour is refused; one that has not still gets its password checked. So an attacker
 *   with N addresses has `perHour + N * perMinute` guesses an hour, and the owner at an address of their own gets in.
 *
 * What is being checked counts as failed until it is known: a thousand guesses at once are not a thousand looks at a
 * budget that nobody has touched yet.
 */
export function createSignInBudget(
  { perMinute, perHour }: SignInLimits,
  failures: FailureCounter,
): SignInBudget {
  const pairMinute: FailureLimit = { name: 'login', quota: perMinute, windowSeconds: 60 }
  const pairHour: FailureLimit = { name: 'login-slow', quota: perMinute, windowSeconds: 3600 }
  const accountHour: FailureLimit = { name: 'login-account', quota: perHour, windowSeconds: 3600 }
  const underWay = new Map<string, number>()
  const move = (key: string, by: number) => {
    const count = (underWay.get(key) ?? 0) + by
    if (count === 0) underWay.delete(key)
    else underWay.set(key, count)
  }
  /** Seconds until there is budget beyond what is being checked; 0 when there is. */
  const wait = (policy: FailureLimit, key: string): number => {
    const { remaining, retryAfterSeconds } = failures.peek(policy, key)
    return remaining > (underWay.get(key) ?? 0) ? 0 : Math.max(1, retryAfterSeconds)
  }

  return (name, address) => {
    const account = `\n${name}`
    const pair = `${address}${account}`
    const tooFast = wait(pairMinute, pair)
    if (tooFast > 0) return { retryAfterSeconds: tooFast }
    if (wait(accountHour, account) > 0) {
      const tooMany = wait(pairHour, pair)
      if (tooMany > 0) return { retryAfterSeconds: tooMany }
    }
    move(pair, 1)
    move(account, 1)
    const over = () => {
      move(pair, -1)
      move(account, -1)
    }
    return {
      over,
      failed() {
        over()
        failures.take(pairHour, pair)
        failures.take(accountHour, account)
        failures.take(pairMinute, pair)
      },
    }
  }
}
