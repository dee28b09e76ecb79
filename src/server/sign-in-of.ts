import type { GlobalSettings } from '../config/options.ts'
import { addressGroup } from '../gateway/client-address.ts'
import { createResolveAccount } from '../identity/linked-account.ts'
import { createLocalProvider } from '../identity/local-provider.ts'
import type { LoginSessions } from '../identity/login-session.ts'
import { createLoginSessions } from '../identity/login-sessions.ts'
import { createOwnPassword } from '../identity/own-password.ts'
import type { OwnPassword } from '../identity/own-password.ts'
import { createPasswordHashing, hashingCost } from '../identity/password-hashing.ts'
import { createSignInProviders } from '../identity/remote-providers.ts'
import type { SignInProviders } from '../identity/remote-providers.ts'
import { createSignInBudget } from '../identity/sign-in-budget.ts'
import type { Attempt, SignInBudget } from '../identity/sign-in-budget.ts'
import { createSignInRedirects } from '../identity/sign-in-redirect.ts'
import type { SignInRedirects } from '../identity/sign-in-redirect.ts'
import { createSignIn } from '../identity/sign-in.ts'
import type { SignIn } from '../identity/sign-in.ts'
import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { LocalLimiter } from '../limits/local-limiter.ts'
import type { Store } from '../storage/open-store.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { baseOf } from '../tokens/resource.ts'
import { derivedKey } from './derived-key.ts'

export interface SignInOptions {
  readonly settings: GlobalSettings
  readonly publicUrl: URL
  readonly secretsKey: string
  /** Whether limits hold at this moment: a reload switches them. */
  readonly hasLimits: () => boolean
}

export interface SignInDependencies {
  readonly store: Pick<Store, 'loginSessions' | 'passwords' | 'linkedAccounts'>
  readonly limiter: LocalLimiter
  readonly box: SealedBox
  readonly clock: Clock
  readonly random: RandomSource
  readonly fetch: Fetch
  readonly emit: Emit
}

/** How people sign in here, and their login sessions. */
export interface SigningIn {
  readonly sessions: LoginSessions
  readonly signIn: SignIn
  readonly providers: SignInProviders
  readonly redirects: SignInRedirects
  /** Null where there are no passwords of ours. */
  readonly ownPassword: OwnPassword | null
}

const minute = 60_000
const day = 86_400_000
/** An ended session is kept so long, so that numbers and questions about it can still be answered. */
const keepEndedMs = 30 * day

const unbounded: Attempt = { failed() {}, over() {} }

export function signInOf(
  { settings, publicUrl, secretsKey, hasLimits }: SignInOptions,
  { store, limiter, box, clock, random, fetch, emit }: SignInDependencies,
): SigningIn {
  const sessions = createLoginSessions(
    {
      policy: {
        plain: {
          idleMs: settings['auth.sessions.idleMinutes'] * minute,
          maxMs: settings['auth.sessions.maxHours'] * 60 * minute,
        },
        remembered: {
          idleMs: settings['auth.sessions.rememberedIdleDays'] * day,
          maxMs: settings['auth.sessions.rememberedMaxDays'] * day,
        },
      },
      fingerprintKey: derivedKey(secretsKey, 'browser fingerprint'),
      keepEndedMs,
    },
    { store: store.loginSessions, clock, random, emit },
  )
  const hashing = createPasswordHashing(hashingCost, { random })
  const local = createLocalProvider(
    { issuer: baseOf(publicUrl) },
    { passwords: store.passwords, hashing, addressGroup },
  )
  const deadline = (milliseconds: number) => AbortSignal.timeout(milliseconds)
  const providers = createSignInProviders(settings, { local, fetch, deadline, clock })
  const limits = { perMinute: settings['limits.loginsPerMinute'], perHour: settings['limits.loginsPerHour'] }
  const resolveAccount = createResolveAccount(
    {
      linkByEmail: settings['auth.linkByEmail'],
      signUpWorkspace: settings['auth.signUpWorkspace'],
      signUpDomains: settings['auth.signUpDomains'],
    },
    { accounts: store.linkedAccounts, clock, random },
  )
  // One for both: who guesses at the one way has guessed at the other.
  const bounded = createSignInBudget(limits, limiter)
  const budget: SignInBudget = (account, address) => (hasLimits() ? bounded(account, address) : unbounded)
  const ownPassword = createOwnPassword({
    passwords: store.passwords,
    hashing,
    sessions,
    budget,
    addressGroup,
    clock,
    emit,
  })
  return {
    sessions,
    providers,
    ownPassword: providers.password.some(({ name }) => name === 'local') ? ownPassword : null,
    redirects: createSignInRedirects({ publicUrl }, { box, clock, random }),
    signIn: createSignIn({
      passwordProviders: providers.password,
      resolveAccount,
      sessions,
      budget,
      addressGroup,
      clock,
      emit,
    }),
  }
}
