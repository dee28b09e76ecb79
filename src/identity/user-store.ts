import type { LoginProvider } from '../telemetry/vocabulary.ts'
import type { Actor } from './api-key-store.ts'
import type { Membership, Role, User } from './user.ts'

export interface UserWithMemberships {
  readonly user: User
  readonly memberships: readonly Membership[]
}

export type AddUserOutcome =
  | { readonly outcome: 'added'; readonly user: User }
  | { readonly outcome: 'joined'; readonly user: User }
  | { readonly outcome: 'already_member'; readonly user: User }
  /** Somebody has signed up with this address without proof that it is theirs: they get no more by it. */
  | { readonly outcome: 'address_unproven'; readonly user: User }

/** What the pseudonyms of one person in one workspace are made of. */
export interface PseudonymSource {
  readonly userId: string
  readonly email: string
  readonly workspace: string
  readonly salt: string
  readonly keyIds: readonly string[]
}

/** Where people and their places in workspaces live. Each change and its audit row are committed together. */
export interface UserStore {
  /** Makes the user, the workspace and the membership, as far as each is missing. `authSource` is `local` by default. */
  add(
    user: {
      id: string
      email: string
      workspace: string
      role: Role
      at: number
      authSource?: LoginProvider
    },
    actor: Actor,
  ): Promise<AddUserOutcome>
  findByEmail(email: string): Promise<UserWithMemberships | undefined>
  find(userId: string): Promise<UserWithMemberships | undefined>
  list(): Promise<UserWithMemberships[]>
  /** How many users there are, disabled ones included. */
  count(): Promise<number>
  /** How many are not disabled, by the provider that made them; a provider without any is absent. */
  countActiveBySource(): Promise<ReadonlyMap<LoginProvider, number>>
  /** Whether somebody enabled is an administrator of any workspace. */
  hasAdmin(): Promise<boolean>
  /** Every membership with what its pseudonyms are made of: for the controlled way back, `sallyport whois`. */
  listPseudonymous(): Promise<PseudonymSource[]>
  /**
   * Deletes a person with their password, links, keys, memberships and salt: no pseudonym of theirs can be led back any
   * more. Their login sessions are closed, and what is left of those names nobody. False when there is no such user. The
   * audit log keeps what it says of the id, and says that it was erased.
   */
  erase(userId: string, at: number, actor: Actor): Promise<boolean>
  /**
   * Closes a user's login sessions as `revoked_by_admin`: no cookie of theirs is good any more. False when there is no
   * such user.
   */
  signOut(userId: string, at: number, actor: Actor): Promise<boolean>
  /**
   * Sets or clears `disabledAt`; false when there is no such user. Takes effect on the user's next call: disabling closes
   * their login sessions, whose ends `LoginSessions.sweep` says.
   */
  setDisabled(userId: string, disabledAt: number | null, at: number, actor: Actor): Promise<boolean>
}
