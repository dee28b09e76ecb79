/** What a signing key signs. Separate keys: a token of one kind can never pass as the other (T49). */
export type SigningKeyUse = 'assertion' | 'access_token'

export interface StoredSigningKey {
  readonly id: string
  readonly use: SigningKeyUse
  /** Public JWK, as JSON. */
  readonly publicJwk: string
  /** Private JWK, encrypted with `secretsKey`. */
  readonly sealedPrivateJwk: string
  readonly createdAt: number
}

/** Where signing keys live. */
export interface SigningKeyStore {
  /** Newest first. */
  list(use: SigningKeyUse): Promise<StoredSigningKey[]>
  /** Inserts unless the use already has a key; answers the keys there are then, so that replicas agree on one. */
  addFirst(key: StoredSigningKey): Promise<StoredSigningKey[]>
  /**
   * Puts a key after the newest one, unless another replica has done so; answers the keys there are then. Writes an
   * audit row.
   */
  addAfter(newestId: string, key: StoredSigningKey): Promise<StoredSigningKey[]>
  /** Deletes keys that verify nothing any more. */
  remove(ids: readonly string[]): Promise<void>
}
