import type { Actor } from '../identity/api-key-store.ts'
import type { Clock } from '../lib/clock.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { ClientStatus } from '../telemetry/vocabulary.ts'
import type { Client, Clients, NewClient } from './client.ts'
import { sayEndedAccess } from './client-access.ts'
import { mintClientSecret } from './client-secret.ts'
import type { ClientStore, StatusChange, StoredClient } from './client-store.ts'
import { judgeRegistration } from './registration.ts'

export interface ClientsOptions {
  /** Whether an administrator must approve what others register. */
  readonly approvalRequired: boolean
}

export interface ClientsDependencies {
  readonly store: ClientStore
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: Emit
}

/** Clients registered by hand, and what administrators do with every client. */
export function createClients(
  { approvalRequired }: ClientsOptions,
  { store, clock, random, emit }: ClientsDependencies,
): Clients {
  const setStatus = async (id: string, change: Omit<StatusChange, 'at'>, actor: Actor, ownerId?: string) => {
    const filter = ownerId === undefined ? {} : { ownerId }
    const ended = await store.setStatus(id, { ...change, at: clock.now() }, filter, actor)
    if (ended === undefined) return false
    sayEndedAccess(ended, actor, emit)
    return true
  }
  return {
    async register(client, actor) {
      const { name, redirectUris, grantTypes, confidential, workspace, ownerId, origin } = client
      const problem = ownProblem(client)
      if (problem !== null) return { outcome: 'invalid', problem }
      const judged = judgeRegistration(
        {
          client_name: name,
          redirect_uris: redirectUris,
          ...(grantTypes.length === 0 ? {} : { grant_types: grantTypes }),
          token_endpoint_auth_method: confidential ? 'client_secret_basic' : 'none',
        },
        origin,
      )
      if (judged.outcome === 'refused') return { outcome: 'invalid', problem: judged.problem }
      const minted = confidential ? mintClientSecret(random) : null
      const status: ClientStatus = approvalRequired && origin !== 'admin' ? 'pending' : 'active'
      const { metadata } = judged
      const facts = {
        id: newId('cli', random),
        origin,
        status,
        name: name.trim(),
        metadata,
        ownerId,
        workspace,
      }
      const stored = { ...facts, createdAt: clock.now(), freshUntil: null }
      const added = await store.add({ ...stored, secretHash: minted?.hash ?? null }, actor)
      if (added === 'workspace_unknown') {
        return { outcome: 'invalid', problem: `there is no workspace ${workspace}` }
      }
      emit('client_registered', { status, origin })
      const known = clientOf({ ...stored, secretHash: null, lastUsedAt: null })
      return { outcome: 'registered', client: known, secret: minted?.secret ?? null }
    },

    async edit(id, { name, redirectUris, grantTypes }, actor, ownerId) {
      const before = await store.find(id)
      if (before === undefined || (ownerId !== undefined && before.ownerId !== ownerId)) {
        return { outcome: 'not_found' }
      }
      const { origin, secretHash, freshUntil, workspace } = before
      // What a client says of itself is not changed by hand: its next word would undo it.
      if (origin !== 'admin' && origin !== 'self_service') return { outcome: 'not_found' }
      const problem = ownProblem({ name, grantTypes, confidential: secretHash !== null, workspace })
      if (problem !== null) return { outcome: 'invalid', problem }
      const edited = { client_name: name, redirect_uris: redirectUris, grant_types: grantTypes }
      const judged = judgeRegistration({ ...before.metadata, ...edited }, origin)
      if (judged.outcome === 'refused') return { outcome: 'invalid', problem: judged.problem }
      const needsApproval = approvalRequired && actor.kind !== 'admin'
      const { metadata } = judged
      const change = { name: name.trim(), metadata, secretHash, freshUntil, needsApproval, at: clock.now() }
      const filter = { origin, ...(ownerId === undefined ? {} : { ownerId }) }
      const client = await store.change(id, change, filter, actor)
      return client === undefined
        ? { outcome: 'not_found' }
        : { outcome: 'changed', client: clientOf(client) }
    },

    async list(filter) {
      return (await store.list(filter)).map(clientOf)
    },

    approve: (id, actor) =>
      setStatus(id, { from: ['pending', 'inactive'], to: 'active', action: 'client.approved' }, actor),

    reject: (id, actor) =>
      setStatus(id, { from: ['pending'], to: 'inactive', action: 'client.rejected' }, actor),

    revoke: (id, actor, ownerId) =>
      setStatus(id, { from: ['active'], to: 'inactive', action: 'client.revoked' }, actor, ownerId),
  }
}

/** What an administrator or an owner got wrong; null when nothing. T51: a token for itself is one of a workspace. */
function ownProblem({
  name,
  grantTypes,
  confidential,
  workspace,
}: Pick<NewClient, 'name' | 'grantTypes' | 'confidential' | 'workspace'>): string | null {
  if (name.trim() === '') return 'the client needs a name'
  const forItself = grantTypes.includes('client_credentials')
  if (forItself && !confidential) return 'client_credentials needs a confidential client'
  if (forItself && workspace === null) return 'client_credentials needs the one workspace it acts in'
  return !forItself && workspace !== null ? 'a workspace is for client_credentials only' : null
}

function clientOf({ metadata, ...client }: StoredClient): Client {
  const { id, name, origin, status, ownerId, workspace, createdAt, lastUsedAt } = client
  return {
    id,
    name,
    origin,
    status,
    redirectUris: metadata.redirect_uris,
    grantTypes: metadata.grant_types,
    authMethod: metadata.token_endpoint_auth_method,
    ownerId,
    workspace,
    createdAt,
    lastUsedAt,
  }
}
