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
  /** Makes the user, the workspace and the membership, as far as each is missing. */
  add(
    user: { id: string; email: string; workspace: string; role: Role; at: number },
    actor: Actor,
  ): Promise<AddUserOutcome>
  findByEmail(email: string): Promise<UserWithMemberships | undefined>
  list(): Promise<UserWithMemberships[]>
  /** How many users there are, disabled ones included. */
  count(): Promise<number>
  /** Every membership with what its pseudonyms are made of: for the controlled way back, `sallyport whois`. */
  listPseudonymous(): Promise<PseudonymSource[]>
  /**
   * Deletes a person with their keys, memberships and salt: no pseudonym of theirs can be led back any more. False
   * when there is no such user. The audit log keeps what it says of the id, and says that it was erased.
   */
  erase(userId: string, at: number, actor: Actor): Promise<boolean>
  /** Sets or clears `disabledAt`; false when there is no such user. Takes effect on the user's next call. */
  setDisabled(userId: string, disabledAt: number | null, at: number, actor: Actor): Promise<boolean>
}
