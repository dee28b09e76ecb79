import { createPasswordHashing, hashingCost } from '../identity/password-hashing.ts'
import { passwordProblem } from '../identity/password.ts'
import type { PasswordStore } from '../identity/password-store.ts'
import { setPassword } from '../identity/set-password.ts'
import type { User } from '../identity/user.ts'
import { Failure } from '../lib/error.ts'
import { Secret } from '../lib/secret.ts'
import { atCommandLine } from './at-command-line.ts'
import { UsageError } from './command.ts'
import type { CommandContext } from './command.ts'

/** The password on standard input, without the line's end. Throws a `UsageError` when it cannot be one. */
export async function readPassword(
  { readInput, interactive }: Pick<CommandContext, 'readInput' | 'interactive'>,
  email: string,
): Promise<Secret> {
  // Typed at a terminal it would stand there for everybody to read.
  if (interactive)
    throw new UsageError('--password-stdin reads a pipe or a file', 'write … --password-stdin < FILE')
  const password = new Secret((await readInput()).replace(/\r?\n$/, ''))
  const problem = passwordProblem(password, email)
  if (problem !== null) throw new UsageError(`the password ${problem}`, 'choose another')
  return password
}

/**
 * Sets a password from a process without metrics: the user's sessions are closed, and a server that runs, or the next
 * one, says their ends.
 */
export async function storePassword(
  { surroundings }: Pick<CommandContext, 'surroundings'>,
  { passwords }: { readonly passwords: PasswordStore },
  { id: userId, email }: Pick<User, 'id' | 'email'>,
  password: Secret,
  { oneTime }: { readonly oneTime: boolean },
): Promise<void> {
  const { clock, random } = surroundings
  const hashing = createPasswordHashing(hashingCost, { random })
  const request = { userId, email, password, oneTime, keepSessionId: null }
  const { outcome } = await setPassword(request, atCommandLine, { passwords, hashing, clock })
  if (outcome === 'set') return
  const message = `the password of ${email} was not set (${outcome})`
  throw new Failure({ code: 'password_refused', status: 409, message, fix: 'try again' })
}
