import type { Secret } from '../lib/secret.ts'
import type { LoginProvider } from '../telemetry/vocabulary.ts'
import type { Browser } from './login-session.ts'

/** Somebody a provider vouches for. (issuer, subject) is who they are; the address is only what they are called. */
export interface Vouched {
  readonly provider: LoginProvider
  readonly issuer: string
  readonly subject: string
  readonly email: string | null
  readonly emailVerified: boolean
}

/** What a password provider says: `wrong` and `inactive` read alike on the page. */
export type PasswordVerdict =
  | {
      readonly vouched: Vouched
      /** Which of our own passwords it was: a session starts only if that one still holds. */
      readonly passwordSetAt?: number
      /** It was for this one sign-in, and is gone. */
      readonly oneTime?: true
    }
  | { readonly refused: 'wrong' | 'inactive' }
  /** The provider could not be asked; the text is for the log. */
  | { readonly unavailable: string }

/** A provider that takes address and password on our own page. */
export interface PasswordProvider {
  readonly name: 'local' | 'http_api'
  /** `email` is as typed: what is an address is the provider's to say. */
  check(email: string, password: Secret, browser: Browser): Promise<PasswordVerdict>
}

/** What is kept between the way to a provider and the way back, bound to the browser. */
export interface SignInState {
  readonly state: string
  readonly nonce: string
  readonly codeVerifier: string
  readonly redirectUri: string
}

/** What the way back from a provider's page means. `refused` and `unavailable` are words for the log. */
export type RedirectVerdict =
  | { readonly vouched: Vouched }
  | { readonly refused: string }
  | { readonly unavailable: string }

/** A provider with a page of its own, reached by redirect. */
export interface RedirectProvider {
  readonly name: Exclude<LoginProvider, 'local' | 'http_api'>
  /** What its button says after "Sign in with". */
  readonly label: string
  /** Where the browser is sent. Rejects with a `Failure` when the provider cannot be asked where that is. */
  begin(state: SignInState): Promise<URL>
  finish(callback: URL, state: SignInState): Promise<RedirectVerdict>
}
