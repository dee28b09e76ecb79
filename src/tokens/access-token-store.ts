import type { ClientStatus } from '../telemetry/vocabulary.ts'

/** An access token as it is issued. Times in epoch milliseconds. */
export interface IssuedAccessToken {
  /** `jti`. */
  readonly id: string
  /** `grant_id`; null for a client that acts for itself. */
  readonly consentId: string | null
  /** What it is revoked with: all tokens that came of one code. Null for a client that acts for itself. */
  readonly familyId: string | null
  /** Null for a client that acts for itself. */
  readonly userId: string | null
  readonly clientId: string
  readonly workspace: string
  /** The refresh token of the same answer: the access token's first use shows that the answer arrived. */
  readonly refreshTokenHash: string | null
  readonly issuedAt: number
  readonly expiresAt: number
}

/** What a call with an access token needs to know besides its claims. */
export interface AccessTokenForCall {
  readonly id: string
  readonly consentId: string | null
  readonly familyId: string | null
  readonly userId: string | null
  readonly clientId: string
  readonly workspace: string
  readonly expiresAt: number
  /** Its own end, or its family's. */
  readonly revokedAt: number | null
  /** Null until its first use is written. */
  readonly usedAt: number | null
  /** The consent behind it is revoked or gone. Never true for a client that acts for itself. */
  readonly consentRevoked: boolean
  /** The user is disabled, gone, or no member of the workspace any more. Never true for a client that acts for itself. */
  readonly userInactive: boolean
  /** Null when the client is gone. */
  readonly clientStatus: ClientStatus | null
  /** The person's own part in pseudonyms; null for a client that acts for itself. */
  readonly attributionSalt: string | null
}

/** Access tokens that have been issued. Rejects with a `Failure` when the store is out. */
export interface AccessTokenStore {
  /**
   * The hot look-up, by `jti`, once for each call: what is revoked is refused with the next one. Synchronous on the
   * embedded store; throws when the store cannot answer. Undefined for one never issued here, or swept after its end.
   */
  findForCall(id: string): AccessTokenForCall | undefined | Promise<AccessTokenForCall | undefined>
  /** Writes a token before it leaves. */
  record(token: IssuedAccessToken): Promise<void>
  /** The refresh token that leaves in the same answer, where it is made after the access token. */
  pair(id: string, refreshTokenHash: string): Promise<void>
  /** Writes many first uses at once. Call it for tokens whose `usedAt` is null. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>
  /** False when it had been revoked, or there is none. Writes an audit row. */
  revoke(id: string, at: number): Promise<boolean>
  /** Deletes those that ended before a time, `most` of them; answers how many. */
  forgetBefore(time: number, most: number): Promise<number>
}
