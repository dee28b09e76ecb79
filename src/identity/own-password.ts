import type { Secret } from '../lib/secret.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { LoginSessions, SignedIn } from './login-session.ts'
import { passwordBytes, passwordProblem } from './password.ts'
import { setPassword } from './set-password.ts'
import type { SetPasswordDependencies } from './set-password.ts'
import { budgetAccount } from './sign-in-budget.ts'
import type { SignInBudget } from './sign-in-budget.ts'
import type { SenderFacts } from './sign-in.ts'

/**
 * What somebody who is signed in may do about their password. `set`: change it, with the one they have. `due`: they came
 * with a one-time password, which is gone, and choose one now. `none`: nothing; they sign in elsewhere.
 */
export type PasswordState = 'set' | 'due' | 'none'

export interface PasswordChange {
  readonly signedIn: SignedIn
  /** The one they have; read in the state `set` alone. */
  readonly current: Secret
  readonly chosen: Secret
  /** Where the browser is. */
  readonly address: string
  readonly sender: SenderFacts
}

export type PasswordChangeOutcome =
  | { readonly outcome: 'changed' }
  | { readonly outcome: 'wrong' }
  /** Words that go on from "the password". */
  | { readonly outcome: 'unfit'; readonly problem: string }
  | { readonly outcome: 'rate_limited'; readonly retryAfterSeconds: number }
  | { readonly outcome: 'busy' }
  /** It is not theirs to set: they have none, or somebody has set another one in this moment. */
  | { readonly outcome: 'not_theirs' }

/** One's own password. Rejects with a `Failure` when the store is out. */
export interface OwnPassword {
  state(signedIn: SignedIn): Promise<PasswordState>
  /** The session it is asked from lives on; the user's others end as `password_changed`. */
  change(change: PasswordChange): Promise<PasswordChangeOutcome>
}

export interface OwnPasswordDependencies extends SetPasswordDependencies {
  readonly sessions: Pick<LoginSessions, 'sweep'>
  /** That of sign-ins: a stolen session has no guesses of its own. Null when limits are off. */
  readonly budget: SignInBudget | null
  /** What limits count by: the address, or the network that one caller owns. */
  readonly addressGroup: (address: string) => string
  readonly emit: Emit
}

/**
 * Changes passwords for their owners. An account without one gets none here: whoever has stolen a session, or the
 * account at a provider, would else have a way in that outlives both. An administrator gives the first one.
 */
export function createOwnPassword(dependencies: OwnPasswordDependencies): OwnPassword {
  const { passwords, hashing, sessions, budget, addressGroup, emit } = dependencies

  const store = async (
    { signedIn, chosen }: PasswordChange,
    over: number | null,
  ): Promise<PasswordChangeOutcome> => {
    const { userId, email, session } = signedIn
    const request = { userId, email, password: chosen, oneTime: false, keepSessionId: session.id, over }
    const set = await setPassword(request, { kind: 'user', id: userId }, dependencies)
    if (set.outcome === 'user_unknown') return { outcome: 'not_theirs' }
    if (set.outcome !== 'set') return set
    await sessions.sweep()
    return { outcome: 'changed' }
  }

  const verify = async (hash: string, change: PasswordChange): Promise<PasswordChangeOutcome | null> => {
    const { current, signedIn, address, sender } = change
    const group = addressGroup(address)
    const permit = budget?.(budgetAccount(signedIn.email), group) ?? null
    if (permit !== null && 'retryAfterSeconds' in permit) {
      emit('rate_limited', { endpoint: 'login', ...sender })
      return { outcome: 'rate_limited', retryAfterSeconds: permit.retryAfterSeconds }
    }
    const bytes = passwordBytes(current)
    const right =
      bytes === null
        ? false
        : await hashing.verify(hash, bytes, group).catch((error: unknown) => {
            permit?.over()
            throw error
          })
    if (right === false) permit?.failed()
    else permit?.over()
    if (right === null) return { outcome: 'busy' }
    return right ? null : { outcome: 'wrong' }
  }

  return {
    async state({ session, email, userId }) {
      if (session.passwordDue === true) return 'due'
      return (await passwords.find(email))?.userId === userId ? 'set' : 'none'
    },

    async change(change) {
      const { signedIn, current, chosen } = change
      const { session, email, userId } = signedIn
      // Before anything is tried: what is wrong with the new one says nothing of the old one.
      const problem = passwordProblem(chosen, email)
      if (problem !== null) return { outcome: 'unfit', problem }
      if (session.passwordDue === true) return store(change, null)
      if (chosen.reveal() === current.reveal())
        return { outcome: 'unfit', problem: 'must be another than the current one' }
      const stored = await passwords.find(email)
      if (stored === undefined || stored.userId !== userId) return { outcome: 'not_theirs' }
      return (await verify(stored.hash, change)) ?? (await store(change, stored.setAt))
    },
  }
}
