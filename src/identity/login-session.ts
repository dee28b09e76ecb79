import type { LoginEndReason, LoginProvider } from '../telemetry/vocabulary.ts'
import type { Actor } from './api-key-store.ts'
import type { Membership } from './user.ts'

/** What a browser shows of itself with each request. */
export interface Browser {
  readonly address: string
  /** `User-Agent` as sent; '' when there is none. */
  readonly userAgent: string
}

/** A browser sign-in as its owner and administrators may see it. Times are epoch milliseconds. */
export interface LoginSession {
  /** `ses_…`; not what the cookie holds. */
  readonly id: string
  readonly userId: string
  /** Which provider really signed them in. */
  readonly provider: LoginProvider
  readonly remembered: boolean
  readonly deviceName: string
  /** Where it was signed in from. */
  readonly address: string
  readonly startedAt: number
  readonly lastSeenAt: number
  /** It began with a one-time password, and its user has set no other one yet. */
  readonly passwordDue?: true
}

/** Who a valid cookie stands for. */
export interface SignedIn {
  readonly session: LoginSession
  readonly userId: string
  readonly email: string
  readonly memberships: readonly Membership[]
}

/** Who starts a session, and what says so. */
export interface Starting {
  readonly userId: string
  readonly provider: LoginProvider
  /** The password that was right, by when it was set: one that was changed since then starts nothing. */
  readonly passwordSetAt?: number
  /** The password was good for this one time: another one is due. */
  readonly passwordDue?: true
}

export type StartOutcome =
  | {
      readonly outcome: 'started'
      readonly session: LoginSession
      /** For the cookie, and nowhere else. */
      readonly cookieValue: string
      /** Null for a cookie that ends with the browser. */
      readonly maxAgeSeconds: number | null
    }
  /** Disabled or erased, or the password was changed in the meantime. */
  | { readonly outcome: 'account_inactive' }

/** The login sessions of everybody: the only way one starts or ends. Rejects with a `Failure` when the store is out. */
export interface LoginSessions {
  /** A new cookie value with each sign-in (no fixation); the session the browser came with ends as `replaced`. */
  start(
    who: Starting,
    browser: Browser,
    how: { readonly remember: boolean; readonly replaces: string | null },
  ): Promise<StartOutcome>
  /** Judges a cookie value: null when there is no such session, or it has just ended by its rules. Notes that it was seen. */
  find(cookieValue: string, browser: Browser): Promise<SignedIn | null>
  /** False when it had ended already. */
  logOut(cookieValue: string): Promise<boolean>
  /** Ends one by its public id; with `userId`, only one of that user's. False when there is none: foreign ones look alike. */
  end(id: string, reason: LoginEndReason, actor: Actor, userId?: string): Promise<boolean>
  /** Ends all of a user's but one; answers how many. */
  endAll(userId: string, exceptId: string | null, reason: LoginEndReason, actor: Actor): Promise<number>
  /** Running ones, newest first. */
  list(userId: string): Promise<readonly LoginSession[]>
  /**
   * Ends every session whose time is over, those included that a change of their user has closed; answers how many.
   * Call it in the background, and after `setDisabled`, `erase` or a new password to have the ends said at once.
   */
  sweep(): Promise<number>
}
