import type { Actor } from '../identity/api-key-store.ts'
import type { ConsentFlow } from '../telemetry/vocabulary.ts'

/** A user's grant to a client, for one workspace and resource. Times are epoch milliseconds. */
export interface Consent {
  readonly id: string
  readonly userId: string
  readonly clientId: string
  readonly clientName: string
  readonly workspace: string
  readonly resource: string
  readonly scopes: readonly string[]
  readonly flow: ConsentFlow
  readonly grantedAt: number
  readonly lastUsedAt: number | null
}

/** Consents that hold, and their end: with it every token behind it ends on its next use. */
export interface Consents {
  list(userId: string): Promise<readonly Consent[]>
  /** With `userId`, only one of that user's. False when there is none: foreign ones look alike. */
  revoke(id: string, actor: Actor, userId?: string): Promise<boolean>
  /** Every one of a user's; answers how many. */
  revokeAll(userId: string, actor: Actor): Promise<number>
}
