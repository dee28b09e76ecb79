import { domainToASCII } from 'node:url'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import type { LinkedAccountStore, LinkRules } from './linked-account-store.ts'
import type { Vouched } from './sign-in-provider.ts'
import { normalizeEmail } from './user.ts'

export interface AccountRules {
  /** Whether a verified address equal to an account's links the two. */
  readonly linkByEmail: boolean
  /** Where unknown people get an account; null refuses them. */
  readonly signUpWorkspace: string | null
  /** Domains of verified addresses that may sign up; empty for everybody. */
  readonly signUpDomains: readonly string[]
}

export type AccountOutcome =
  | { readonly outcome: 'known' | 'linked' | 'signed_up'; readonly userId: string }
  | { readonly outcome: 'refused'; readonly reason: AccountRefusal }

/**
 * `no_account`: nobody here, and no sign-up for them. `no_email`: they might have had an account, but the provider told
 * no address. `email_taken`: an account with their verified address exists and is not linked. `inactive`: disabled.
 */
export type AccountRefusal = 'no_account' | 'no_email' | 'email_taken' | 'inactive'

export interface AccountDependencies {
  readonly accounts: LinkedAccountStore
  readonly clock: Clock
  readonly random: RandomSource
}

/** Whose account somebody is for whom a provider vouches. Rejects with a `Failure` when the store is out. */
export type ResolveAccount = (vouched: Vouched) => Promise<AccountOutcome>

/**
 * (issuer, subject) is who somebody is. An address makes a link only when the provider says it is theirs, and the login
 * session keeps the provider that really answered, whichever made the account (T29).
 */
export function createResolveAccount(
  rules: AccountRules,
  { accounts, clock, random }: AccountDependencies,
): ResolveAccount {
  const domains = new Set(rules.signUpDomains.map(asciiDomain))
  return async (vouched) => {
    const { provider, issuer, subject } = vouched
    // Our own passwords are about accounts here, which need no link.
    if (provider === 'local') return { outcome: 'known', userId: subject }
    if (!isSubject(subject)) return { outcome: 'refused', reason: 'no_account' }
    const email = vouched.email === null ? null : normalizeEmail(vouched.email)
    const verified = vouched.emailVerified && email !== null && isPlain(vouched.email ?? '')
    const { userId, workspace } = { userId: newId('usr', random), workspace: rules.signUpWorkspace }
    const mayJoin = domains.size === 0 || (verified && domains.has(asciiDomain(domainOf(email))))
    const allowed: LinkRules = {
      linkTo: rules.linkByEmail && verified ? email : null,
      signUp:
        workspace === null || email === null || !mayJoin
          ? null
          : { userId, email, emailVerified: verified, workspace },
    }
    const found = await accounts.resolve({ provider, issuer, subject }, allowed, clock.now())
    switch (found.outcome) {
      case 'known':
      case 'linked':
      case 'signed_up':
        return found
      case 'inactive':
        return { outcome: 'refused', reason: 'inactive' }
      case 'email_taken':
        // Who cannot prove an address must not learn whether somebody here has it.
        return { outcome: 'refused', reason: verified ? 'email_taken' : 'no_account' }
      case 'unknown': {
        const wanted = rules.linkByEmail || workspace !== null
        return { outcome: 'refused', reason: wanted && email === null ? 'no_email' : 'no_account' }
      }
    }
  }
}

/** OpenID Connect Core section 2 allows 255 ASCII characters; what people or providers pass off as an id is cut no slack. */
function isSubject(text: string): boolean {
  return /^[\x20-\x7e]{1,255}$/.test(text) && text.trim() !== ''
}

/**
 * Lower-casing folds some letters outside ASCII onto ASCII ones (U+212A onto k), so that another's mailbox would read
 * like ours: such an address proves nothing.
 */
function isPlain(email: string): boolean {
  return /^[\x21-\x7e]+$/.test(email.trim())
}

function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1)
}

function asciiDomain(domain: string): string {
  return domainToASCII(domain).toLowerCase()
}
