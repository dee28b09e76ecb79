import { issueKey, revokeKey, rotateKey } from '../../src/identity/key-lifecycle.ts'
import type { KeyLifecycleDependencies } from '../../src/identity/key-lifecycle.ts'
import { tellExpiredKeys } from '../../src/identity/expired-keys.ts'
import type { Actor } from '../../src/identity/api-key-store.ts'
import { sha256Hex } from '../../src/lib/hash.ts'
import { newId } from '../../src/lib/id.ts'
import { sweepUnusedClients } from '../../src/oauth/client-sweep.ts'
import { grantConsent } from '../../src/oauth/grant-consent.ts'
import { admin } from '../storage/records.ts'
import type { AccessAction, RemovalAction, Where } from './action.ts'
import type { Rows } from './rows.ts'
import { metadata } from './server.ts'
import type { Step } from './step.ts'
import type { Told } from './transitions.ts'
import type { World } from './world.ts'

type AnyAccess = AccessAction | RemovalAction

/** What an action of consents, clients, device codes or keys does; null where there is nothing to do it to. */
export function accessStep(action: AnyAccess, world: World, rows: Rows): Step | null {
  const run = keyRun(action, world, rows) ?? codeRun(action, world, rows) ?? consentRun(action, world, rows)
  const found = run ?? clientRun(action, world, rows)
  return found === null ? null : { ...found, foresee: () => {} }
}

type Run = Pick<Step, 'run' | 'told'> | null

function keyRun(action: AnyAccess, world: World, rows: Rows): Run {
  switch (action.type) {
    case 'create a key': {
      const { days: expiresInDays, at } = action
      const userId = world.people[action.user] ?? ''
      const choices = { workspace: 'default', name: 'k', scopes: [], upstreams: [], maxPerUser: 5 }
      const actor: Actor = action.by === 'admin' ? admin : { kind: 'user', id: userId }
      return {
        run: () => issueKey({ userId, ...choices, expiresInDays }, actor, keysAt(at, world)),
        told: { keyActor: at === 'command line' ? null : action.by },
      }
    }
    case 'rotate a key':
    case 'revoke a key': {
      const key = pick(rows.keys, action.key)
      if (key === undefined) return null
      const owner = { userId: key.user_id }
      const actor: Actor = { kind: 'user', id: key.user_id }
      const parts = keysAt(action.at, world)
      return {
        run: () =>
          action.type === 'rotate a key'
            ? rotateKey(key.id, 24, owner, actor, parts)
            : revokeKey(key.id, owner, actor, parts),
        told: { keyActor: action.at === 'command line' ? null : 'user' },
      }
    }
    case 'tell expired keys': {
      const { keys, emit } = world.servers[action.at]
      return { run: () => tellExpiredKeys({ ...keys, emit }) }
    }
    default:
      return null
  }
}

/** The command line has no metrics, and so says nothing. */
function keysAt(at: Where, world: World): KeyLifecycleDependencies {
  if (at !== 'command line') return world.servers[at].keys
  const { clock, random, commandLine } = world
  return { clock, random, apiKeys: commandLine.apiKeys }
}

function codeRun(action: AnyAccess, world: World, rows: Rows): Run {
  if (action.type === 'sweep the authorization server') {
    return { run: () => world.servers[action.at].sweepArtifacts(), told: { decision: 'expired' } }
  }
  if (action.type === 'issue a device code') {
    const { onCodes } = world.servers[action.at]
    const [deviceCode, userCode] = [newId('cli', world.random), newId('usr', world.random)]
    world.codes.set(sha256Hex(deviceCode), { deviceCode, userCode })
    const payload = { kind: 'DeviceCode', userCode, clientId: 'cli_1' }
    return { run: () => onCodes('device_authorization', (codes) => codes.upsert(deviceCode, payload, 600)) }
  }
  if (action.type !== 'decide' && action.type !== 'redeem') return null
  const code = pick(rows.codes, action.code)
  const known = world.codes.get(code?.id_hash ?? '')
  const { onCodes, clock } = world.servers[action.at]
  // The library itself looks at the end of a code.
  if (code === undefined || known === undefined || code.expires_at <= clock.now()) return null
  if (action.type === 'redeem') {
    return {
      run: () =>
        onCodes('token', async (codes) => {
          const payload = await codes.find(known.deviceCode)
          if (payload?.accountId !== undefined) await codes.consume(known.deviceCode)
        }),
    }
  }
  return {
    run: () =>
      onCodes('device', async (codes) => {
        const payload = await codes.findByUserCode(known.userCode)
        if (payload === undefined) return
        const answer = action.allow ? { accountId: 'usr_1', grantId: 'con_1' } : { error: 'access_denied' }
        await codes.upsert(String(payload['jti']), { ...payload, ...answer }, 600)
      }),
    told: { decision: action.allow ? 'authorized' : 'denied' },
  }
}

function consentRun(action: AnyAccess, world: World, rows: Rows): Run {
  switch (action.type) {
    case 'grant': {
      const { store, emit, clock } = world.servers[action.at]
      const userId = world.people[action.user] ?? ''
      const clientId = pick(rows.clients, action.client)?.id ?? 'cli_unknown'
      const consent = {
        id: newId('con', world.random),
        userId,
        clientId,
        workspace: 'default',
        flow: action.flow,
      }
      return {
        run: () =>
          grantConsent(
            { ...consent, resource: 'https://mcp.example.com/code', scopes: ['code:read'], at: clock.now() },
            { consents: store.consents, emit },
          ),
      }
    }
    case 'revoke a consent': {
      const consent = pick(rows.consents, action.consent)
      if (consent === undefined) return null
      const { consents } = world.servers[action.at]
      const actor: Actor = { kind: action.by, id: action.by === 'user' ? consent.user_id : null }
      return {
        run: () =>
          action.by === 'user'
            ? consents.revoke(consent.id, actor, consent.user_id)
            : consents.revoke(consent.id, actor),
      }
    }
    case 'revoke all consents': {
      const userId = world.people[action.user] ?? ''
      return { run: () => world.servers[action.at].consents.revokeAll(userId, { kind: 'user', id: userId }) }
    }
    default:
      return null
  }
}

function clientRun(action: AnyAccess, world: World, rows: Rows): Run {
  if (action.type === 'register a client') return { run: () => register(action, world) }
  if (action.type === 'sweep clients') {
    const { store, clock } = world.servers[action.at]
    return { run: () => sweepUnusedClients({ unusedDays: 10 }, store.clients, clock.now()) }
  }
  if (!('client' in action) || action.type === 'grant') return null
  const client = pick(rows.clients, action.client)
  if (client === undefined) return null
  const { clients, directory, store, clock } = world.servers[action.at]
  switch (action.type) {
    case 'approve a client':
      return { run: () => clients.approve(client.id, admin) }
    case 'reject a client':
      return { run: () => clients.reject(client.id, admin) }
    case 'revoke a client':
      return { run: () => clients.revoke(client.id, admin) }
    case 'remove a client':
      return { run: () => directory.remove(client.id) }
    case 'use a client':
      return { run: () => store.clients.recordUse(new Map([[client.id, clock.now()]])) }
  }
}

async function register(
  { at, origin }: AccessAction & { readonly type: 'register a client' },
  world: World,
): Promise<void> {
  const { clients, directory, findDocument } = world.servers[at]
  const id = newId('cli', world.random)
  if (origin === 'dynamic') return directory.upsertDynamic(id, { ...metadata, client_name: 'd' }, null)
  if (origin === 'metadata_document') {
    await findDocument(`https://${id.replace('_', '').toLowerCase()}.example.com/client.json`)
    return
  }
  const facts = { name: 'c', redirectUris: metadata.redirect_uris, grantTypes: [], confidential: false }
  await clients.register({ ...facts, workspace: null, ownerId: null, origin }, admin)
}

function pick<Row>(rows: readonly Row[], place: number): Row | undefined {
  return rows.at(place % Math.max(1, rows.length))
}

/** What a step says of itself, where it does not say it. */
export const usuallyTold: Told = { keyActor: 'user', decision: 'expired' }
