import type { LoginProvider } from '../telemetry/vocabulary.ts'

/** What a member may do in the console and the admin API; `user` has only their own account. */
export const roles = ['user', 'operator', 'auditor', 'admin'] as const
export type Role = (typeof roles)[number]

/** A person with an account. `disabledAt` is in milliseconds since the epoch. */
export interface User {
  readonly id: string
  readonly email: string
  readonly createdAt: number
  readonly disabledAt: number | null
  /** The provider that made the account; linking another does not change it. */
  readonly authSource: LoginProvider
}

/** A user's place in one workspace. */
export interface Membership {
  readonly userId: string
  readonly workspace: string
  readonly role: Role
}

const emailShape = /^[^\s@\p{Cc}]{1,64}@[^\s@\p{Cc}]{1,189}$/u

/** An e-mail address in the one form we store (trimmed, lower case), or null when it is none. */
export function normalizeEmail(text: string): string | null {
  const email = text.trim().toLowerCase().normalize('NFC')
  return emailShape.test(email) ? email : null
}
