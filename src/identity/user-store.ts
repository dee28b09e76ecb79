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

/** Where people and their places in workspaces live. Each change and its audit row are committed together. */
export interface UserStore {
  /** Makes the user, the workspace and the membership, as far as each is missing. */
  add(
    user: { id: string; email: string; workspace: string; role: Role; at: number },
    actor: Actor,
  ): Promise<AddUserOutcome>
  findByEmail(email: string): Promise<UserWithMemberships | undefined>
  list(): Promise<UserWithMemberships[]>
  /** Sets or clears `disabledAt`; false when there is no such user. Takes effect on the user's next call. */
  setDisabled(userId: string, disabledAt: number | null, at: number, actor: Actor): Promise<boolean>
}
