import type { Actor } from '../identity/api-key-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { isDocumentHost } from './client-document.ts'
import type { ReadDocument } from './client-document.ts'
import type { ClientStore, StoredClient } from './client-store.ts'

export interface DocumentsOptions {
  readonly approvalRequired: boolean
  /** Hosts documents may come from; empty for all public ones. */
  readonly hosts: readonly string[]
}

export interface DocumentsDependencies {
  readonly store: ClientStore
  readonly read: ReadDocument
  readonly clock: Clock
  readonly emit: Emit
  /**
   * Whether whoever asks may still name documents that nobody has named before: each is a fetch, and a row. Absent where
   * that has no limit.
   */
  readonly mayAdd?: () => boolean
}

/** How long a document that cannot be had is not asked for again. */
const pauseMs = 30_000
/** How long what a document said holds on while its host cannot be asked. */
const outlastsMs = 86_400_000
const mostPaused = 1000
const mostAtOnce = 32

const itself: Actor = { kind: 'system', id: null }

interface Pause {
  readonly until: number
  readonly passing: boolean
}

/**
 * Clients that are named by the URL of their metadata document, each a row that holds as long as HTTP says its document
 * does. A host that is away for a moment signs nobody out; a document that is gone or wrong ends its client's use.
 */
export function createClientDocuments(
  { approvalRequired, hosts }: DocumentsOptions,
  { store, read, clock, emit, mayAdd = () => true }: DocumentsDependencies,
): { find(url: string): Promise<StoredClient | undefined> } {
  const reading = new Map<string, Promise<StoredClient | undefined>>()
  const paused = new Map<string, Pause>()

  const afterFailure = (known: StoredClient | undefined, passing: boolean) => {
    emit('cache_used', { cache: 'client_metadata', outcome: 'error' })
    const outlasts = passing && (known?.freshUntil ?? 0) + outlastsMs > clock.now()
    return outlasts ? known : undefined
  }
  const pause = (url: string, passing: boolean) => {
    const oldest = paused.keys().next()
    if (paused.size >= mostPaused && oldest.done !== true) paused.delete(oldest.value)
    paused.set(url, { until: clock.now() + pauseMs, passing })
  }
  const refresh = async (url: string, known: StoredClient | undefined) => {
    const got = await read(url)
    if (got.outcome === 'failed') {
      pause(url, got.passing)
      return afterFailure(known, got.passing)
    }
    paused.delete(url)
    emit('cache_used', { cache: 'client_metadata', outcome: 'miss' })
    const { metadata, freshUntil } = got
    const at = clock.now()
    const name = metadata.client_name ?? new URL(url).host
    const facts = { name, metadata, secretHash: null, freshUntil }
    if (known === undefined) {
      const status = approvalRequired ? 'pending' : 'active'
      const identity = {
        id: url,
        origin: 'metadata_document',
        status,
        ownerId: null,
        workspace: null,
      } as const
      const client: StoredClient = { ...identity, ...facts, createdAt: at, lastUsedAt: null }
      if ((await store.add(client, itself)) === 'added') {
        emit('client_registered', { status, origin: 'metadata_document' })
        return client
      }
    }
    const change = { ...facts, needsApproval: approvalRequired, at }
    return store.change(url, change, { origin: 'metadata_document' }, itself)
  }

  return {
    async find(url) {
      if (!isDocumentHost(url, hosts)) return undefined
      const known = await store.find(url)
      // Whoever may not be used needs no newer document.
      const holds =
        known !== undefined && (known.status === 'inactive' || (known.freshUntil ?? 0) > clock.now())
      if (holds) {
        emit('cache_used', { cache: 'client_metadata', outcome: 'hit' })
        return known
      }
      const pausing = paused.get(url)
      if (pausing !== undefined && pausing.until > clock.now()) return afterFailure(known, pausing.passing)
      const running = reading.get(url)
      if (running !== undefined) return running
      if (reading.size >= mostAtOnce) return afterFailure(known, true)
      if (known === undefined && !mayAdd()) return undefined
      const begun = refresh(url, known).finally(() => reading.delete(url))
      reading.set(url, begun)
      return begun
    },
  }
}
