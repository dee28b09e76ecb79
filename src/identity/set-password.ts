import type { Clock } from '../lib/clock.ts'
import type { Secret } from '../lib/secret.ts'
import type { Actor } from './api-key-store.ts'
import type { PasswordHashing } from './password-hashing.ts'
import { passwordBytes, passwordProblem } from './password.ts'
import type { PasswordStore } from './password-store.ts'

export interface SetPasswordDependencies {
  readonly passwords: PasswordStore
  readonly hashing: PasswordHashing
  readonly clock: Clock
}

export interface PasswordRequest {
  readonly userId: string
  readonly email: string
  readonly password: Secret
  /** Gone with the first sign-in. */
  readonly oneTime: boolean
  /** The session that lives on, that of whoever changes it; null for none. */
  readonly keepSessionId: string | null
}

export type SetPasswordOutcome =
  | { readonly outcome: 'set' }
  /** Words that go on from "the password". */
  | { readonly outcome: 'unfit'; readonly problem: string }
  | { readonly outcome: 'user_unknown' }
  | { readonly outcome: 'busy' }

/** Sets a password and closes the user's other sessions; in a server, `LoginSessions.sweep` then says their ends. */
export async function setPassword(
  { userId, email, password, oneTime, keepSessionId }: PasswordRequest,
  actor: Actor,
  { passwords, hashing, clock }: SetPasswordDependencies,
): Promise<SetPasswordOutcome> {
  const problem = passwordProblem(password, email)
  const bytes = passwordBytes(password)
  if (problem !== null || bytes === null) return { outcome: 'unfit', problem: problem ?? 'is no text' }
  const hash = await hashing.hash(bytes, userId)
  if (hash === null) return { outcome: 'busy' }
  const set = await passwords.set({ userId, hash, at: clock.now(), oneTime, keepSessionId }, actor)
  return { outcome: set ? 'set' : 'user_unknown' }
}
