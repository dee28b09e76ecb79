/** People, as the authorization server needs them. */
export interface Accounts {
  /** Undefined when there is no such person, or they are disabled. Rejects with a `Failure` when the store is out. */
  find(userId: string): Promise<{ readonly email: string } | undefined>
}
