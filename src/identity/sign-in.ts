import type { Clock } from '../lib/clock.ts'
import type { Secret } from '../lib/secret.ts'
import type { SignalFields } from '../telemetry/signals.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { LoginProvider } from '../telemetry/vocabulary.ts'
import type { AccountRefusal, ResolveAccount } from './linked-account.ts'
import type { Browser, LoginSessions, StartOutcome } from './login-session.ts'
import { budgetAccount } from './sign-in-budget.ts'
import type { SignInBudget } from './sign-in-budget.ts'
import type {
  PasswordProvider,
  PasswordVerdict,
  RedirectProvider,
  SignInState,
  Vouched,
} from './sign-in-provider.ts'

/** What signals say of the sender of a request. */
export type SenderFacts = Pick<SignalFields<'login'>, 'auth_mode' | 'client' | 'llm_family'>

/** The browser that signs in, and what it wants. */
export interface SignInAttempt {
  readonly browser: Browser
  readonly sender: SenderFacts
  readonly remember: boolean
  /** The session cookie it came with: that session ends. */
  readonly replaces: string | null
}

export type SignInOutcome =
  | { readonly outcome: 'signed_in'; readonly started: Extract<StartOutcome, { outcome: 'started' }> }
  /** `wrong` and `inactive` are one sentence on the page. `detail` of a redirect is for the log. */
  | { readonly outcome: 'wrong' | 'inactive'; readonly detail?: string }
  /** A provider vouches for them, and they have no account here. */
  | { readonly outcome: 'no_account'; readonly reason: Exclude<AccountRefusal, 'inactive'> }
  | { readonly outcome: 'rate_limited'; readonly retryAfterSeconds: number }
  /** A provider could not be asked: 503. `detail` is for the log. */
  | { readonly outcome: 'unavailable'; readonly detail: string }

/** Signs people in, whichever provider vouches for them. Rejects with a `Failure` when the store is out. */
export interface SignIn {
  /** Asks the password providers in turn; the first that vouches decides. */
  byPassword(email: string, password: Secret, attempt: SignInAttempt): Promise<SignInOutcome>
  /** Judges the way back from a provider's page. */
  byRedirect(
    provider: RedirectProvider,
    callback: URL,
    state: SignInState,
    attempt: SignInAttempt,
  ): Promise<SignInOutcome>
}

export interface SignInDependencies {
  readonly passwordProviders: readonly PasswordProvider[]
  readonly resolveAccount: ResolveAccount
  readonly sessions: Pick<LoginSessions, 'start'>
  /** Null when limits are off. */
  readonly budget: SignInBudget | null
  /** What limits count by: the address, or the network that one caller owns. */
  readonly addressGroup: (address: string) => string
  readonly clock: Pick<Clock, 'monotonic'>
  readonly emit: Emit
}

export function createSignIn(dependencies: SignInDependencies): SignIn {
  const { passwordProviders, resolveAccount, sessions, budget, addressGroup, clock, emit } = dependencies

  /** A login counts as a success when its session has begun; a provider that was not reached has answered nothing. */
  const tell = (provider: LoginProvider, since: number, attempt: SignInAttempt, outcome: SignInOutcome) => {
    if (outcome.outcome === 'unavailable') return
    emit('login', {
      provider,
      outcome: outcome.outcome === 'signed_in' ? 'success' : 'failure',
      duration: (clock.monotonic() - since) / 1000,
      ...attempt.sender,
    })
  }

  const begin = async (
    { vouched, passwordSetAt, oneTime }: Extract<PasswordVerdict, { vouched: Vouched }>,
    { browser, remember, replaces }: SignInAttempt,
  ): Promise<SignInOutcome> => {
    const account = await resolveAccount(vouched)
    if (account.outcome === 'refused') {
      const { reason } = account
      return reason === 'inactive' ? { outcome: 'inactive' } : { outcome: 'no_account', reason }
    }
    const who = { userId: account.userId, provider: vouched.provider }
    const starting = {
      ...who,
      ...(passwordSetAt === undefined ? {} : { passwordSetAt }),
      ...(oneTime === undefined ? {} : { passwordDue: oneTime }),
    }
    const started = await sessions.start(starting, browser, { remember, replaces })
    return started.outcome === 'started' ? { outcome: 'signed_in', started } : { outcome: 'inactive' }
  }

  /** Ends with the first that vouches, or knows the password of a disabled account. */
  const ask = async (email: string, password: Secret, browser: Browser) => {
    const answers: { readonly provider: LoginProvider; readonly verdict: PasswordVerdict }[] = []
    for (const provider of passwordProviders) {
      const verdict = await provider.check(email, password, browser)
      answers.push({ provider: provider.name, verdict })
      if ('vouched' in verdict || ('refused' in verdict && verdict.refused === 'inactive')) break
    }
    return answers
  }

  const judge = async (
    email: string,
    password: Secret,
    attempt: SignInAttempt,
  ): Promise<{ readonly outcome: SignInOutcome; readonly refused: boolean }> => {
    const since = clock.monotonic()
    const answers = await ask(email, password, attempt.browser)
    const last = answers.at(-1)
    if (last === undefined) return { outcome: { outcome: 'wrong' }, refused: true }
    if ('vouched' in last.verdict) {
      const outcome = await begin(last.verdict, attempt)
      tell(last.provider, since, attempt, outcome)
      return { outcome, refused: outcome.outcome === 'inactive' }
    }
    const refusals = answers.flatMap(({ provider, verdict }) =>
      'refused' in verdict ? [{ provider, outcome: verdict.refused }] : [],
    )
    const refusal = refusals.at(-1)
    if (refusal !== undefined) tell(refusal.provider, since, attempt, { outcome: refusal.outcome })
    const away = answers.flatMap(({ verdict }) => ('unavailable' in verdict ? [verdict.unavailable] : []))
    // A guess that one provider has refused counts, even while another cannot be asked.
    return {
      refused: refusal !== undefined,
      outcome:
        away.length > 0
          ? { outcome: 'unavailable', detail: away.join('; ') }
          : { outcome: refusal?.outcome ?? 'wrong' },
    }
  }

  return {
    async byPassword(email, password, attempt) {
      const group = addressGroup(attempt.browser.address)
      const permit = budget?.(budgetAccount(email), group) ?? null
      if (permit !== null && 'retryAfterSeconds' in permit) {
        emit('rate_limited', { endpoint: 'login', ...attempt.sender })
        return { outcome: 'rate_limited', retryAfterSeconds: permit.retryAfterSeconds }
      }
      try {
        const { outcome, refused } = await judge(email, password, attempt)
        if (refused) permit?.failed()
        else permit?.over()
        return outcome
      } catch (error) {
        permit?.over()
        throw error
      }
    },

    async byRedirect(provider, callback, state, attempt) {
      const since = clock.monotonic()
      const verdict = await provider.finish(callback, state)
      const outcome: SignInOutcome =
        'vouched' in verdict
          ? await begin(verdict, attempt)
          : 'refused' in verdict
            ? { outcome: 'wrong', detail: verdict.refused }
            : { outcome: 'unavailable', detail: verdict.unavailable }
      tell(provider.name, since, attempt, outcome)
      return outcome
    },
  }
}
