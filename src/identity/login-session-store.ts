import type { LoginEndReason } from '../telemetry/vocabulary.ts'
import type { Actor } from './api-key-store.ts'
import type { LoginSession } from './login-session.ts'
import type { Membership } from './user.ts'

/** A login session as it is kept, while it runs. Times are epoch milliseconds. */
export interface StoredLoginSession extends Omit<LoginSession, 'userId'> {
  /** Null once the person is erased. */
  readonly userId: string | null
  readonly idleEndsAt: number
  readonly absoluteEndsAt: number
  readonly fingerprint: string
  /** Why it has been closed by a change of its user: it is over, and only its end is not said yet. */
  readonly closedAs: LoginEndReason | null
  /** True when its user is disabled or gone. */
  readonly ownerInactive: boolean
}

export interface NewLoginSession extends LoginSession {
  readonly cookieHash: string
  readonly idleEndsAt: number
  readonly absoluteEndsAt: number
  readonly fingerprint: string
}

/** Why a session ends, and when it was over. */
export interface Ending {
  readonly reason: LoginEndReason
  readonly at: number
}

/** Judges a session on the state that its end is committed with; null lets it live. */
export type EndingOf = (session: StoredLoginSession) => Ending | null

export interface EndedLoginSession extends Ending {
  readonly id: string
  readonly startedAt: number
}

/** Which running sessions are meant. */
export type LoginSessionFilter =
  | { readonly id: string; readonly userId?: string }
  | { readonly cookieHash: string }
  | { readonly userId: string; readonly exceptId: string | null }

export interface SessionStart {
  readonly session: NewLoginSession
  /** The password that must still hold, by when it was set. */
  readonly passwordSetAt: number | null
  /** The session of this browser until now. */
  readonly replacesHash: string | null
}

/** A session that a cookie names, with its owner. */
export interface FoundLoginSession {
  readonly session: StoredLoginSession & { readonly userId: string }
  readonly email: string
  readonly memberships: readonly Membership[]
}

/**
 * Where login sessions live. An end is committed on the condition that there is none yet, so that each session ends
 * once, whichever of several replicas and ways ends it; it and its audit row are committed together.
 */
export interface LoginSessionStore {
  /** Inserts unless the user is disabled or gone, or the password has changed; answers the sessions it has ended. */
  start(
    start: SessionStart,
    endingOf: EndingOf,
    actor: Actor,
  ): Promise<readonly EndedLoginSession[] | 'account_inactive'>
  /** A running session by the hash of its cookie. */
  find(cookieHash: string): Promise<FoundLoginSession | undefined>
  /** `at` is now: a session may have been over before. */
  end(
    filter: LoginSessionFilter,
    at: number,
    endingOf: EndingOf,
    actor: Actor,
  ): Promise<readonly EndedLoginSession[]>
  /** Ends up to `most` of those whose idle or absolute end has come, as far as `endingOf` agrees. */
  endOverdue(
    at: number,
    most: number,
    endingOf: EndingOf,
    actor: Actor,
  ): Promise<readonly EndedLoginSession[]>
  /** Moves the last sight and the idle end forward, never back. */
  recordSeen(id: string, at: number, idleEndsAt: number): Promise<void>
  /** A user's sessions that are not over at a time, newest first. */
  list(userId: string, at: number): Promise<LoginSession[]>
  /** Rows without an end. */
  countActive(): Promise<number>
  /** Deletes up to `most` rows that ended before; answers how many. */
  forgetEnded(before: number, most: number): Promise<number>
}
