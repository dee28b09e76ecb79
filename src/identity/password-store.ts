import type { Actor } from './api-key-store.ts'

/** What a password is checked against. */
export interface StoredPassword {
  readonly userId: string
  readonly email: string
  readonly hash: string
  readonly setAt: number
  /** It is gone with the first sign-in. */
  readonly oneTime: boolean
  readonly ownerInactive: boolean
}

export interface NewPassword {
  readonly userId: string
  readonly hash: string
  readonly at: number
  readonly oneTime: boolean
  /** The session that lives on: that of whoever changes it. */
  readonly keepSessionId: string | null
  /** The password it may take the place of, by when that was set; null for none at all. Absent: whatever there is. */
  readonly over?: number | null
}

/** Where the hashes of passwords live. */
export interface PasswordStore {
  /** By e-mail address in its one form; undefined for an unknown address and for a user without a password. */
  find(email: string): Promise<StoredPassword | undefined>
  /**
   * Sets a user's password and closes their sessions as `password_changed`, in one transaction with the audit row;
   * `LoginSessions.sweep` says the ends. No password is due any more in the session that lives on. False when there is
   * no such user, or another password than the one it may take the place of.
   */
  set(password: NewPassword, actor: Actor): Promise<boolean>
  /** Replaces a hash by another of the same password; does nothing when the password has changed since. */
  rehash(userId: string, from: string, to: string): Promise<void>
  /** Takes a one-time password away; false when somebody else has used it. */
  useUp(userId: string, hash: string): Promise<boolean>
}
