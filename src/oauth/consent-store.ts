import type { Actor } from '../identity/api-key-store.ts'
import type { ConsentFlow } from '../telemetry/vocabulary.ts'
import type { Consent } from './consent.ts'

export interface NewConsent {
  readonly id: string
  readonly userId: string
  readonly clientId: string
  readonly workspace: string
  readonly resource: string
  readonly scopes: readonly string[]
  readonly flow: ConsentFlow
  readonly at: number
}

export interface GrantOutcome {
  /** Of the consent that holds now: an older one of the same user, client, workspace and resource grows. */
  readonly id: string
  /** Whether it is a new one. */
  readonly isNew: boolean
}

/** A consent as the library's grant needs it. */
export interface HeldConsent {
  readonly id: string
  readonly userId: string
  readonly clientId: string
  readonly workspace: string
  readonly resource: string
  readonly scopes: readonly string[]
  /** The user is disabled, or no member of the workspace any more. */
  readonly userInactive: boolean
}

export interface RevokedConsent {
  readonly id: string
  /** Whether tokens had been issued behind it that could still be used. */
  readonly endedTokens: boolean
}

/** Where consents live. Each change and its audit row are committed together. */
export interface ConsentStore {
  /** Null when the user is disabled or no member of the workspace. */
  grant(consent: NewConsent): Promise<GrantOutcome | null>
  /** One that holds. */
  find(id: string): Promise<HeldConsent | undefined>
  /** Those that hold for a user, a client and a resource: one for each workspace at the most. */
  findAlike(userId: string, clientId: string, resource: string): Promise<readonly HeldConsent[]>
  list(userId: string): Promise<readonly Consent[]>
  /** With `userId`, only one of that user's. Undefined when there is none that holds. */
  revoke(id: string, at: number, actor: Actor, userId?: string): Promise<RevokedConsent | undefined>
  revokeAll(userId: string, at: number, actor: Actor): Promise<readonly RevokedConsent[]>
  countActive(): Promise<number>
  /** Deletes those revoked before a time; answers how many. */
  forgetBefore(time: number, most: number): Promise<number>
}
