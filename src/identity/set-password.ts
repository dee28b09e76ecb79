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
  /** As in `NewPassword`. */
  readonly over?: number | null
}

export type SetPasswordOutcome =
  | { readonly outcome: 'set' }
  /** Words that go on from "the password". */
  | { readonly outcome: 'unfit'; readonly problem: string }
  /** There is no such user, or another password by now than the one it may take the place of. */
  | { readonly outcome: 'user_unknown' }
  | { readonly outcome: 'busy' }

/** Sets a password and closes the user's other sessions; in a server, `LoginSessions.sweep` then says their ends. */
export async function setPassword(
  { userId, email, password, oneTime, keepSessionId, over }: PasswordRequest,
  actor: Actor,
  { passwords, hashing, clock }: SetPasswordDependencies,
): Promise<SetPasswordOutcome> {
  const problem = passwordProblem(password, email)
  const bytes = passwordBytes(password)
  if (problem !== null || bytes === null) return { outcome: 'unfit', problem: problem ?? 'is no text' }
  const hash = await hashing.hash(bytes, userId)
  if (hash === null) return { outcome: 'busy' }
  const change = { userId, hash, at: clock.now(), oneTime, keepSessionId }
  const set = await passwords.set(over === undefined ? change : { ...change, over }, actor)
  return { outcome: set ? 'set' : 'user_unknown' }
}
