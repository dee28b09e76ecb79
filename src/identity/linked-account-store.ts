import type { LoginProvider } from '../telemetry/vocabulary.ts'

/** An account at a provider: the provider's issuer, and the subject there. */
export interface RemoteAccount {
  readonly provider: LoginProvider
  readonly issuer: string
  readonly subject: string
}

/** An account elsewhere as its owner may see it. */
export interface LinkedAccount extends Omit<RemoteAccount, 'subject'> {
  /** Epoch milliseconds. */
  readonly linkedAt: number
}

/** What may be done for an account that is linked to nobody yet. */
export interface LinkRules {
  /** The person's verified address, if the account here with that address is to be linked; else null. */
  readonly linkTo: string | null
  /** The account to make if there is none; else null. */
  readonly signUp: {
    readonly userId: string
    readonly email: string
    readonly emailVerified: boolean
    readonly workspace: string
  } | null
}

export type LinkOutcome =
  | { readonly outcome: 'known' | 'linked' | 'signed_up'; readonly userId: string }
  | { readonly outcome: 'inactive' }
  /** Linked to nobody, and the rules allow nothing. */
  | { readonly outcome: 'unknown' }
  /** The address belongs to an account here that may not be linked. */
  | { readonly outcome: 'email_taken' }

/** Which account here an account at a provider is. Each change and its audit rows are committed together. */
export interface LinkedAccountStore {
  /**
   * Finds, links or makes the account, in this order; sign-ins at the same time end with one account. Only an account
   * whose own address is verified, and which has no other account of that issuer, is ever linked by address.
   */
  resolve(account: RemoteAccount, rules: LinkRules, at: number): Promise<LinkOutcome>
  /** A user's accounts elsewhere, oldest link first. */
  list(userId: string): Promise<readonly LinkedAccount[]>
}
