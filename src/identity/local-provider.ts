import type { PasswordHashing } from './password-hashing.ts'
import { passwordBytes } from './password.ts'
import type { PasswordStore, StoredPassword } from './password-store.ts'
import type { PasswordProvider } from './sign-in-provider.ts'
import { normalizeEmail } from './user.ts'

export interface LocalProviderDependencies {
  readonly passwords: PasswordStore
  readonly hashing: PasswordHashing
  /** What limits count by: the address, or the network that one caller owns. */
  readonly addressGroup: (address: string) => string
}

/**
 * Our own passwords. `issuer` is ours, and the subject the user's id. An unknown address, a user without a password and
 * a wrong password take the same time and look alike. Rejects with a `Failure` when the store is out.
 */
export function createLocalProvider(
  { issuer }: { readonly issuer: string },
  { passwords, hashing, addressGroup }: LocalProviderDependencies,
): PasswordProvider {
  const rehash = async ({ userId, hash }: StoredPassword, bytes: Uint8Array, group: string) => {
    if (!hashing.isOutdated(hash)) return
    const stronger = await hashing.hash(bytes, group)
    if (stronger !== null) await passwords.rehash(userId, hash, stronger)
  }

  return {
    name: 'local',
    async check(typed, password, { address }) {
      const email = normalizeEmail(typed)
      const bytes = passwordBytes(password)
      if (bytes === null) return { refused: 'wrong' }
      const stored = email === null ? undefined : await passwords.find(email)
      const group = addressGroup(address)
      const right = await hashing.verify(stored?.hash ?? null, bytes, group)
      if (right === null) return { unavailable: 'too many passwords are being checked' }
      if (!right || stored === undefined) return { refused: 'wrong' }
      if (stored.ownerInactive) return { refused: 'inactive' }
      const { userId: subject, email: known, setAt } = stored
      const vouched = { provider: 'local', issuer, subject, email: known, emailVerified: false } as const
      if (stored.oneTime)
        return (await passwords.useUp(subject, stored.hash))
          ? { vouched, oneTime: true }
          : { refused: 'wrong' }
      await rehash(stored, bytes, group)
      return { vouched, passwordSetAt: setAt }
    },
  }
}
