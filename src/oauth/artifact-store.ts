/** What the library keeps with us. Its grants are consents, its clients are clients; its sessions are not kept at all. */
export type ArtifactKind =
  | 'AuthorizationCode'
  | 'RefreshToken'
  | 'DeviceCode'
  | 'Interaction'
  | 'RegistrationAccessToken'
  | 'ReplayDetection'

/** One of them as it is written. Ids arrive hashed, payloads sealed. Times in epoch milliseconds. */
export interface NewArtifact {
  readonly kind: ArtifactKind
  readonly idHash: string
  readonly payload: string
  readonly expiresAt: number
  readonly userCodeHash?: string
}

/** A refresh token: one of a family, and all but the first in place of another. */
export interface NewRefreshToken {
  readonly idHash: string
  readonly payload: string
  readonly expiresAt: number
  readonly familyId: string
  readonly predecessorHash: string | null
}

export interface Artifact {
  readonly idHash: string
  readonly payload: string
  readonly familyId: string | null
  readonly familyRevoked: boolean
  readonly expiresAt: number
  readonly decidedAt: number | null
  readonly consumedAt: number | null
}

export interface NewFamily {
  readonly consentId: string
  readonly clientId: string
}

export type RedeemOutcome =
  | { readonly outcome: 'redeemed' }
  /** Somebody was first. `revoked`: tokens had come of it, and end now. */
  | { readonly outcome: 'replayed'; readonly revoked: boolean }

export type RotateOutcome =
  | { readonly outcome: 'rotated' }
  | { readonly outcome: 'revoked' }
  /** `revoked`: this very use ended the family. */
  | { readonly outcome: 'replayed'; readonly revoked: boolean }

export interface SweepOutcome {
  /** Device codes that nobody decided on in time, each counted once. */
  readonly deviceCodesExpired: number
  readonly deleted: number
}

/** Where the library's artefacts live. Rejects with a `Failure` when the store is out. */
export interface ArtifactStore {
  find(kind: ArtifactKind, idHash: string): Promise<Artifact | undefined>
  findByUserCode(userCodeHash: string): Promise<Artifact | undefined>
  /** Inserts, or writes payload and end anew. */
  save(artifact: NewArtifact): Promise<void>
  /** Inserts; false when the id is taken. */
  saveOnce(artifact: NewArtifact): Promise<boolean>
  saveRefreshToken(token: NewRefreshToken): Promise<void>
  destroy(kind: ArtifactKind, idHash: string): Promise<void>
  /** Uses up a code by one conditional update and begins its family; a second use ends what came of the first. */
  redeem(
    kind: 'AuthorizationCode' | 'DeviceCode',
    idHash: string,
    family: NewFamily,
    at: number,
  ): Promise<RedeemOutcome>
  /**
   * Uses a refresh token. One that has been used is taken again within the grace period, and after it as long as no
   * successor, nor the access token that came with one, was ever used: then the answer was lost. Else it is a replay,
   * and the family ends.
   */
  rotate(idHash: string, at: number, graceMs: number): Promise<RotateOutcome>
  /** Writes a person's decision on a device code; false when there was one before. */
  decide(idHash: string, payload: string, at: number): Promise<boolean>
  /** Notes that a device asks; false when it last asked less than `leastMs` ago. */
  poll(idHash: string, at: number, leastMs: number): Promise<boolean>
  /** Ends every token of a family; false when it had ended. */
  revokeFamily(familyId: string, at: number): Promise<boolean>
  /** Device codes that wait for a person. */
  countPendingDeviceCodes(at: number): Promise<number>
  /** Marks device codes that ran out, and deletes what ended before `deleteBefore`, about `most` rows of each kind. */
  sweep(at: number, deleteBefore: number, most: number): Promise<SweepOutcome>
}
