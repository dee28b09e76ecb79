import type { Actor } from '../identity/api-key-store.ts'
import type { ClientOrigin, ClientStatus } from '../telemetry/vocabulary.ts'
import type { ClientMetadata } from './registration.ts'

/** A client as it is kept. Times are epoch milliseconds. */
export interface StoredClient {
  readonly id: string
  readonly origin: ClientOrigin
  readonly status: ClientStatus
  readonly name: string
  readonly metadata: ClientMetadata
  readonly secretHash: string | null
  readonly ownerId: string | null
  readonly workspace: string | null
  readonly createdAt: number
  /** Metadata documents only: until when what was read holds. */
  readonly freshUntil: number | null
  readonly lastUsedAt: number | null
}

export type NewStoredClient = Omit<StoredClient, 'lastUsedAt'>

export interface ClientChange {
  readonly name: string
  readonly metadata: ClientMetadata
  readonly secretHash: string | null
  readonly freshUntil: number | null
  /** Whether an active client waits for approval again when what was approved has changed (T19). */
  readonly needsApproval: boolean
  readonly at: number
}

/** Narrows which client is meant: foreign ones look like missing ones. */
export interface ClientFilter {
  readonly ownerId?: string
  readonly origin?: ClientOrigin
}

export interface StatusChange {
  readonly from: readonly ClientStatus[]
  readonly to: ClientStatus
  readonly action: 'client.approved' | 'client.rejected' | 'client.revoked'
  readonly at: number
}

/** What ended with a client. */
export interface EndedAccess {
  readonly consents: number
  /** How many of them had tokens behind them that could still be used. */
  readonly withTokens: number
}

export interface ClientCount {
  readonly status: ClientStatus
  readonly origin: ClientOrigin
  readonly clients: number
}

/** Where clients live. Each change and its audit row are committed together or not at all. */
export interface ClientStore {
  find(id: string): Promise<StoredClient | undefined>
  list(filter: { readonly ownerId?: string; readonly status?: ClientStatus }): Promise<StoredClient[]>
  add(client: NewStoredClient, actor: Actor): Promise<'added' | 'id_taken' | 'workspace_unknown'>
  /**
   * Answers the client as it is now; undefined when there is none within the filter. One that waits for approval stays as
   * the administrator sees it (T19). Only freshness needs no audit row.
   */
  change(
    id: string,
    change: ClientChange,
    filter: ClientFilter,
    actor: Actor,
  ): Promise<StoredClient | undefined>
  /** Undefined when there is no such client, or it is in another state. A client that becomes inactive loses its consents. */
  setStatus(
    id: string,
    change: StatusChange,
    filter: ClientFilter,
    actor: Actor,
  ): Promise<EndedAccess | undefined>
  /** Deletes a client that registered itself, and ends its consents. */
  remove(id: string, at: number, filter: ClientFilter, actor: Actor): Promise<EndedAccess | undefined>
  count(): Promise<readonly ClientCount[]>
  /** Deletes those that registered themselves before a time, were never used and hold no consent; answers how many. */
  forgetUnused(registeredBefore: number, most: number, at: number): Promise<number>
  /** Writes many last-used times at once; a time never goes backwards. */
  recordUse(uses: ReadonlyMap<string, number>): Promise<void>
}
