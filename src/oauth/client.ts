import type { Actor } from '../identity/api-key-store.ts'
import type { ClientOrigin, ClientStatus } from '../telemetry/vocabulary.ts'

/** An OAuth client as administrators and its owner may see it. Times are epoch milliseconds. */
export interface Client {
  readonly id: string
  readonly name: string
  readonly origin: ClientOrigin
  readonly status: ClientStatus
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  /** `none` for public clients. */
  readonly authMethod: string
  readonly ownerId: string | null
  /** The one workspace it acts in for itself; null when it only acts for users. */
  readonly workspace: string | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

export interface NewClient {
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
  readonly confidential: boolean
  readonly workspace: string | null
  readonly ownerId: string | null
  readonly origin: 'admin' | 'self_service'
}

export type RegisterOutcome =
  | {
      readonly outcome: 'registered'
      readonly client: Client
      /** Shown once: only its hash is kept. Null for public clients. */
      readonly secret: string | null
    }
  | { readonly outcome: 'invalid'; readonly problem: string }

export interface ClientEdit {
  readonly name: string
  readonly redirectUris: readonly string[]
  readonly grantTypes: readonly string[]
}

export type EditOutcome =
  | { readonly outcome: 'changed'; readonly client: Client }
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'invalid'; readonly problem: string }

/** OAuth clients and their life: pending → active → inactive. With `ownerId`, only clients of that user's are meant. */
export interface Clients {
  register(client: NewClient, actor: Actor): Promise<RegisterOutcome>
  /** Changes a client that was registered by hand. Where approval is required, an owner's edit needs a new one (T19). */
  edit(id: string, edit: ClientEdit, actor: Actor, ownerId?: string): Promise<EditOutcome>
  list(filter: { readonly ownerId?: string; readonly status?: ClientStatus }): Promise<readonly Client[]>
  /** From pending, or from inactive to take a mistake back. Each answers false when there is no such client, or it is in another state. */
  approve(id: string, actor: Actor): Promise<boolean>
  reject(id: string, actor: Actor): Promise<boolean>
  /** Its consents end with it, and every token of it on its next use. */
  revoke(id: string, actor: Actor, ownerId?: string): Promise<boolean>
}
