import type { ClientOrigin, ClientStatus } from '../telemetry/vocabulary.ts'

/** A client as the authorization server needs it, whatever its status: only then can an error name that. */
export interface DirectoryEntry {
  /** RFC 7591 metadata as the library reads it; never with a `client_secret`. */
  readonly metadata: Readonly<Record<string, unknown>>
  readonly status: ClientStatus
  readonly origin: ClientOrigin
  /** The one workspace it acts in for itself; null when it only acts for users. */
  readonly workspace: string | null
}

/** Every client there is, however it came to be. Rejects with a `Failure` when the store is out. */
export interface ClientDirectory {
  /** Undefined when there is none of that id, or its metadata document cannot be used. */
  find(clientId: string): Promise<DirectoryEntry | undefined>
  /** A client that registers itself, or changes what it registered (RFC 7591, 7592). */
  upsertDynamic(
    clientId: string,
    metadata: Readonly<Record<string, unknown>>,
    secretHash: string | null,
  ): Promise<void>
  remove(clientId: string): Promise<void>
  /** Whether the secret is the client's; compared in constant time. */
  checkSecret(clientId: string, secret: string): Promise<boolean>
  /** Notes that it was used; written later, in batches. */
  noteUse(clientId: string): void
}
