import type { Actor } from '../identity/api-key-store.ts'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { sayEndedAccess } from './client-access.ts'
import type { ClientDirectory, DirectoryEntry } from './client-directory.ts'
import { changesWhatWasApproved } from './client-approval.ts'
import { isDocumentUrl } from './client-document.ts'
import { isClientSecret } from './client-secret.ts'
import type { ClientStore, StoredClient } from './client-store.ts'
import { judgeRegistration } from './registration.ts'

export interface DirectoryOptions {
  /** Whether an administrator must approve a client before it may ask for consent. */
  readonly approvalRequired: boolean
}

export interface DirectoryDependencies {
  readonly store: ClientStore
  /** Clients named by the URL of their metadata document; null when there are none. */
  readonly documents: { find(url: string): Promise<StoredClient | undefined> } | null
  readonly clock: Clock
  readonly emit: Emit
  /** Notes that a client was used, at a time in epoch milliseconds. */
  readonly noteUse: (clientId: string, at: number) => void
}

/** A client that registers or changes itself is nobody known. */
const itself: Actor = { kind: 'system', id: null }

/** Every client there is, from one place: rows, and the documents behind some of them. */
export function createClientDirectory(
  { approvalRequired }: DirectoryOptions,
  { store, documents, clock, emit, noteUse }: DirectoryDependencies,
): ClientDirectory {
  return {
    async find(clientId) {
      const client = isDocumentUrl(clientId) ? await documents?.find(clientId) : await store.find(clientId)
      return client === undefined ? undefined : entryOf(client)
    },

    async upsertDynamic(clientId, given, secretHash) {
      const judged = judgeRegistration(given, 'dynamic')
      if (judged.outcome === 'refused') throw refused(judged.problem)
      const { metadata } = judged
      const at = clock.now()
      const name = metadata.client_name ?? unnamed
      const facts = { name, metadata, freshUntil: null }
      const status = approvalRequired ? 'pending' : 'active'
      const identity = { id: clientId, origin: 'dynamic', status, ownerId: null, workspace: null } as const
      const added = await store.add({ ...facts, ...identity, secretHash, createdAt: at }, itself)
      if (added === 'added') return emit('client_registered', { status, origin: 'dynamic' })
      const before = await store.find(clientId)
      const waits = approvalRequired && before?.status === 'pending'
      if (waits && changesWhatWasApproved(before.metadata, metadata))
        throw refused('the client waits for approval, and cannot be changed until then; register another')
      // Nothing new was said of the secret: it stays, as long as the client still has one.
      const keeps = secretHash === null && metadata.token_endpoint_auth_method.startsWith('client_secret_')
      const kept = keeps ? (before?.secretHash ?? null) : secretHash
      const change = { ...facts, secretHash: kept, needsApproval: approvalRequired, at }
      const changed = await store.change(clientId, change, { origin: 'dynamic' }, itself)
      if (changed === undefined) throw refused('the client did not register itself')
    },

    async remove(clientId) {
      const ended = await store.remove(clientId, clock.now(), { origin: 'dynamic' }, itself)
      if (ended !== undefined) sayEndedAccess(ended, itself, emit)
    },

    async checkSecret(clientId, secret) {
      return isClientSecret(secret, (await store.find(clientId))?.secretHash ?? null)
    },

    noteUse: (clientId) => noteUse(clientId, clock.now()),
  }
}

const unnamed = 'An unnamed client'

function entryOf({ id, name, metadata, status, origin, workspace, createdAt }: StoredClient): DirectoryEntry {
  const issuedAt = Math.floor(createdAt / 1000)
  return {
    metadata: { ...metadata, client_name: name, client_id: id, client_id_issued_at: issuedAt },
    status,
    origin,
    workspace,
  }
}

function refused(message: string): Failure {
  return new Failure({ code: 'client_metadata_refused', status: 400, message, fix: 'register it anew' })
}
