import { describe, expect, it } from 'vitest'
import type { Actor } from '../../src/identity/api-key-store.ts'
import type { ClientChange, NewStoredClient, StatusChange } from '../../src/oauth/client-store.ts'
import { sweepUnusedClients } from '../../src/oauth/client-sweep.ts'
import type { ClientMetadata } from '../../src/oauth/registration.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { onEachDatabase } from './databases.ts'
import { actions, addUser, admin } from './records.ts'

const itself: Actor = { kind: 'system', id: null }
const approve: StatusChange = {
  from: ['pending', 'inactive'],
  to: 'active',
  action: 'client.approved',
  at: 2000,
}
const reject: StatusChange = { from: ['pending'], to: 'inactive', action: 'client.rejected', at: 2000 }
const revoke: StatusChange = { from: ['active'], to: 'inactive', action: 'client.revoked', at: 2000 }

const metadata: ClientMetadata = {
  client_name: 'Example',
  redirect_uris: ['https://app.example.com/cb', 'http://127.0.0.1/cb'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'web',
}

function newClient(id: string, more: Partial<NewStoredClient> = {}): NewStoredClient {
  return {
    id,
    origin: 'dynamic',
    status: 'active',
    name: 'Example',
    metadata,
    secretHash: null,
    ownerId: null,
    workspace: null,
    createdAt: 1000,
    freshUntil: null,
    ...more,
  }
}

const changeTo = (more: Partial<ClientChange> = {}): ClientChange => ({
  name: 'Example',
  metadata,
  secretHash: null,
  freshUntil: null,
  needsApproval: true,
  at: 3000,
  ...more,
})

const audited = async (store: Store, target: string) =>
  actions((await store.audit.list({ target, limit: 99 })).toReversed())

function consentTo(store: Store, clientId: string, id: string, letter = 'a') {
  const who = { userId: `usr_${letter}`, workspace: 'default', resource: 'https://mcp.example.com/mcp' }
  return store.consents.grant({ id, clientId, ...who, scopes: ['a'], flow: 'authorization_code', at: 1500 })
}

onEachDatabase((databases) => {
  describe('the client store', () => {
    it('keeps a client as it was added, for every instance, once', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      await addUser(one)
      const client = newClient('cli_1', {
        origin: 'admin',
        secretHash: 'hash',
        ownerId: 'usr_a',
        workspace: 'default',
        freshUntil: 5,
      })
      expect(await two.clients.find('cli_1')).toBeUndefined()
      expect(await one.clients.add(client, admin)).toBe('added')
      expect(await two.clients.find('cli_1')).toStrictEqual({ ...client, lastUsedAt: null })
      expect(await two.clients.add({ ...client, name: 'Other' }, admin)).toBe('id_taken')
      expect(await two.clients.add(newClient('cli_2', { workspace: 'nowhere' }), admin)).toBe(
        'workspace_unknown',
      )
      expect(await one.clients.find('cli_1')).toMatchObject({ name: 'Example' })
      expect(await one.clients.find('cli_2')).toBeUndefined()
      expect(await audited(one, 'cli_1')).toEqual(['client.registered cli_1'])
      expect(await audited(one, 'cli_2')).toEqual([])
    })

    it('adds one of many at once', async () => {
      const location = await databases.newLocation()
      const [one, two] = [databases.open(location), databases.open(location)]
      await one.migrate()
      const stores = Array.from({ length: 10 }, (_, n) => (n % 2 === 0 ? one : two))
      const added = await Promise.all(
        stores.map((store) => store.clients.add(newClient('https://c.test/a'), itself)),
      )
      expect(added.toSorted()).toEqual(['added', ...Array<string>(9).fill('id_taken')])
      expect(await audited(one, 'https://c.test/a')).toHaveLength(1)
    })

    it('auth 9: moves pending → active → inactive, with an audit row for each step and for nothing else', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c', { status: 'pending' }), itself)
      const set = (change: StatusChange) => store.clients.setStatus('c', change, {}, admin)
      expect(await set(revoke)).toBeUndefined()
      expect(await set(approve)).toEqual({ consents: 0, withTokens: 0 })
      expect(await set(approve)).toBeUndefined()
      expect(await set(reject)).toBeUndefined()
      expect(await set(revoke)).toEqual({ consents: 0, withTokens: 0 })
      expect(await store.clients.find('c')).toMatchObject({ status: 'inactive' })
      expect(await set(approve)).toBeDefined()
      expect(await audited(store, 'c')).toEqual([
        'client.registered c',
        'client.approved c',
        'client.revoked c',
        'client.approved c',
      ])
      expect(await store.clients.setStatus('missing', approve, {}, admin)).toBeUndefined()
    })

    it('gives a step to one of many at once', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c'), itself)
      const outcomes = await Promise.all(
        Array.from({ length: 8 }, () => store.clients.setStatus('c', revoke, {}, admin)),
      )
      expect(outcomes.filter((ended) => ended !== undefined)).toHaveLength(1)
    })

    it('moves only clients of the owner that is meant', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c', { origin: 'self_service', ownerId: 'usr_a' }), admin)
      expect(await store.clients.setStatus('c', revoke, { ownerId: 'usr_b' }, admin)).toBeUndefined()
      expect(await store.clients.change('c', changeTo(), { ownerId: 'usr_b' }, admin)).toBeUndefined()
      expect(await store.clients.change('c', changeTo(), { origin: 'dynamic' }, admin)).toBeUndefined()
      expect(await store.clients.remove('c', 1, { origin: 'dynamic' }, admin)).toBeUndefined()
      expect(await store.clients.setStatus('c', revoke, { ownerId: 'usr_a' }, admin)).toBeDefined()
    })

    it('ends the consents of a client that becomes inactive, and no others', async () => {
      const store = await databases.newStore()
      for (const letter of ['a', 'b']) await addUser(store, letter)
      for (const id of ['c', 'other']) await store.clients.add(newClient(id), itself)
      await consentTo(store, 'c', 'con_1')
      await consentTo(store, 'c', 'con_2', 'b')
      await consentTo(store, 'other', 'con_3')
      await store.accessTokens.record({
        id: 't1',
        consentId: 'con_1',
        familyId: null,
        userId: 'usr_a',
        clientId: 'c',
        workspace: 'default',
        refreshTokenHash: null,
        issuedAt: 1600,
        expiresAt: 9000,
      })
      expect(await store.accessTokens.findForCall('t1')).toMatchObject({
        clientStatus: 'active',
        consentRevoked: false,
      })
      expect(await store.clients.setStatus('c', revoke, {}, admin)).toEqual({ consents: 2, withTokens: 1 })
      expect(await store.accessTokens.findForCall('t1')).toMatchObject({
        clientStatus: 'inactive',
        consentRevoked: true,
      })
      expect(await store.consents.countActive()).toBe(1)
      expect(await audited(store, 'con_2')).toEqual(['consent.granted con_2', 'consent.revoked con_2'])
      await store.clients.setStatus('c', approve, {}, admin)
      expect(await store.accessTokens.findForCall('t1')).toMatchObject({
        clientStatus: 'active',
        consentRevoked: true,
      })
    })

    it('deletes a client with its consents', async () => {
      const store = await databases.newStore()
      await addUser(store)
      await store.clients.add(newClient('c'), itself)
      await consentTo(store, 'c', 'con_1')
      expect(await store.clients.remove('c', 4000, { origin: 'dynamic' }, itself)).toEqual({
        consents: 1,
        withTokens: 0,
      })
      expect(await store.clients.find('c')).toBeUndefined()
      expect(await store.clients.remove('c', 4000, { origin: 'dynamic' }, itself)).toBeUndefined()
      expect(await store.consents.countActive()).toBe(0)
      expect(await audited(store, 'c')).toEqual(['client.registered c', 'client.deleted c'])
    })

    it.each([
      ['another redirect URI', { redirect_uris: ['https://evil.example/cb'] }],
      ['one redirect URI more', { redirect_uris: [...metadata.redirect_uris, 'https://evil.example/cb'] }],
      ['another grant', { grant_types: ['authorization_code'] }],
      ['another name', { client_name: 'Claude' }],
      ['another logo', { logo_uri: 'https://evil.example/logo' }],
      ['keys of its own', { jwks_uri: 'https://evil.example/jwks' }],
      ['another way to authenticate', { token_endpoint_auth_method: 'private_key_jwt' }],
    ])('T19: an approved client waits again after %s', async (_, more) => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c'), itself)
      const change = changeTo({ metadata: { ...metadata, ...more } })
      expect(await store.clients.change('c', change, {}, itself)).toMatchObject({ status: 'pending' })
      expect(await store.clients.find('c')).toMatchObject({
        status: 'pending',
        metadata: { ...metadata, ...more },
      })
      expect(await audited(store, 'c')).toEqual(['client.registered c', 'client.changed c'])
    })

    it('T19: one that waits stays as the administrator sees it, and only grows no older', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c', { status: 'pending' }), itself)
      const evil = { ...metadata, redirect_uris: ['https://evil.example/cb'] }
      const change = changeTo({ metadata: evil, name: 'evil', secretHash: 'evil', freshUntil: 99 })
      expect(await store.clients.change('c', change, {}, itself)).toMatchObject({ freshUntil: 99, metadata })
      expect(await store.clients.find('c')).toMatchObject({ status: 'pending', metadata })
      expect(await audited(store, 'c')).toEqual(['client.registered c'])
    })

    it.each([
      ['nothing', {}],
      ['another order', { redirect_uris: metadata.redirect_uris.toReversed() }],
      ['other terms', { tos_uri: 'https://app.example.com/tos' }],
    ])('T19: an approved client stays approved after %s', async (_, more) => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c'), itself)
      const change = changeTo({ metadata: { ...metadata, ...more } })
      expect(await store.clients.change('c', change, {}, itself)).toMatchObject({ status: 'active' })
    })

    it('needs no approval where none is required, and gives none to who waits or is out', async () => {
      const store = await databases.newStore()
      const moved = { metadata: { ...metadata, redirect_uris: ['https://b.example/cb'] } }
      for (const status of ['pending', 'active', 'inactive'] as const) {
        await store.clients.add(newClient(status, { status }), itself)
        for (const needsApproval of [false, true]) {
          const after = await store.clients.change(status, changeTo({ ...moved, needsApproval }), {}, itself)
          expect(after).toMatchObject({ status })
        }
      }
    })

    it('keeps a document fresh without an audit row', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c', { origin: 'metadata_document', freshUntil: 10 }), itself)
      expect(await store.clients.change('c', changeTo({ freshUntil: 99 }), {}, itself)).toMatchObject({
        freshUntil: 99,
      })
      expect(await store.clients.find('c')).toMatchObject({ freshUntil: 99 })
      expect(await audited(store, 'c')).toEqual(['client.registered c'])
    })

    it('lists and counts by status, origin and owner', async () => {
      const store = await databases.newStore()
      await store.clients.add(
        newClient('1', { ownerId: 'usr_a', origin: 'self_service', createdAt: 3 }),
        admin,
      )
      await store.clients.add(newClient('2', { status: 'pending', createdAt: 2 }), itself)
      await store.clients.add(newClient('3', { createdAt: 1 }), itself)
      await store.clients.add(newClient('4', { createdAt: 1 }), itself)
      const ids = async (filter: Parameters<typeof store.clients.list>[0]) =>
        (await store.clients.list(filter)).map(({ id }) => id)
      expect(await ids({})).toEqual(['3', '4', '2', '1'])
      expect(await ids({ ownerId: 'usr_a' })).toEqual(['1'])
      expect(await ids({ status: 'active' })).toEqual(['3', '4', '1'])
      expect(await ids({ status: 'pending', ownerId: 'usr_a' })).toEqual([])
      const counts = await store.clients.count()
      expect(counts.toSorted((a, b) => a.clients - b.clients || a.status.localeCompare(b.status))).toEqual([
        { status: 'active', origin: 'self_service', clients: 1 },
        { status: 'pending', origin: 'dynamic', clients: 1 },
        { status: 'active', origin: 'dynamic', clients: 2 },
      ])
    })

    it('records use, never backwards', async () => {
      const store = await databases.newStore()
      await store.clients.add(newClient('c'), itself)
      for (const [at, then] of [
        [50, 50],
        [40, 50],
        [60, 60],
      ] as const) {
        await store.clients.recordUse(new Map([['c', at]]))
        expect(await store.clients.find('c')).toMatchObject({ lastUsedAt: then })
      }
    })

    it('auth 9: forgets who registered itself long ago and was never used', async () => {
      const store = await databases.newStore()
      await addUser(store)
      const old = { createdAt: 1000 }
      await store.clients.add(newClient('unused', old), itself)
      await store.clients.add(newClient('pending', { ...old, status: 'pending' }), itself)
      await store.clients.add(newClient('https://c.test/a', { ...old, origin: 'metadata_document' }), itself)
      const kept: readonly NewStoredClient[] = [
        newClient('young', { createdAt: 5000 }),
        newClient('used', old),
        newClient('agreed to', old),
        newClient('https://c.test/rejected', { ...old, origin: 'metadata_document', status: 'inactive' }),
        newClient('by an admin', { ...old, origin: 'admin' }),
        newClient('by a user', { ...old, origin: 'self_service', ownerId: 'usr_a' }),
      ]
      for (const client of kept) await store.clients.add(client, itself)
      await store.clients.recordUse(new Map([['used', 1]]))
      await consentTo(store, 'agreed to', 'con_1')
      const day = 86_400_000
      expect(await store.clients.forgetUnused(2000, 2, 6000)).toBe(2)
      expect(await sweepUnusedClients({ unusedDays: 1 }, store.clients, 2000 + day)).toBe(1)
      expect(await sweepUnusedClients({ unusedDays: 1 }, store.clients, 2000 + day)).toBe(0)
      const left = (await store.clients.list({})).map(({ id }) => id)
      expect(left.toSorted()).toEqual(kept.map(({ id }) => id).toSorted())
      expect(await audited(store, 'unused')).toEqual(['client.registered unused', 'client.deleted unused'])
      await store.consents.revoke('con_1', 6500, admin)
      expect(await store.clients.forgetUnused(2000, 9, 7000)).toBe(1)
    })
  })
})
