import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { byAdmin, openClientScene, plainClient } from '../../test/support/client-scene.ts'
import type { ClientScene } from '../../test/support/client-scene.ts'

let scene: ClientScene
beforeEach(async () => {
  scene = await openClientScene()
})
afterEach(() => scene.close())

describe('auth 9: a client registered by hand', () => {
  it('shows its secret once, and keeps a hash of it', async () => {
    const { client, secret } = await scene.register({ confidential: true })
    expect(secret).toMatch(/^[0-9A-Za-z]{43}$/)
    expect(client).toMatchObject({
      id: expect.stringMatching(/^cli_[0-9A-Za-z]{20}$/),
      authMethod: 'client_secret_basic',
    })
    const { checkSecret } = scene.directory(null)
    expect([await checkSecret(client.id, secret ?? ''), await checkSecret(client.id, '')]).toEqual([
      true,
      false,
    ])
    expect(
      JSON.stringify([await scene.clients().list({}), await scene.store.clients.list({})]),
    ).not.toContain(secret)
    expect(await scene.register({})).toMatchObject({ secret: null, client: { authMethod: 'none' } })
  })

  it('waits for approval when it is not an administrator’s', async () => {
    expect(
      (await scene.register({ origin: 'self_service', ownerId: 'usr_a' }, { approvalRequired: true })).client
        .status,
    ).toBe('pending')
    expect((await scene.register({ origin: 'admin' }, { approvalRequired: true })).client.status).toBe(
      'active',
    )
    expect((await scene.register({ origin: 'self_service', ownerId: 'usr_a' })).client.status).toBe('active')
    expect(scene.said).toEqual([
      'client_registered pending self_service',
      'client_registered active admin',
      'client_registered active self_service',
    ])
  })

  it.each([
    ['no name', { name: '  ' }, 'name'],
    ['foreign http', { redirectUris: ['http://evil.example/'] }, 'http'],
    [
      'T51: client_credentials without a workspace',
      { grantTypes: ['client_credentials'], confidential: true },
      'workspace',
    ],
    [
      'T51: client_credentials without a secret',
      { grantTypes: ['client_credentials'], workspace: 'w' },
      'confidential',
    ],
    ['a workspace for nothing', { workspace: 'w' }, 'client_credentials only'],
    [
      'an unknown workspace',
      { grantTypes: ['client_credentials'], confidential: true, workspace: 'nowhere' },
      'no workspace nowhere',
    ],
    [
      'T51: client_credentials of an owner',
      {
        grantTypes: ['client_credentials'],
        confidential: true,
        workspace: 'w',
        origin: 'self_service' as const,
      },
      'administrator',
    ],
  ])('is refused with %s', async (_, more, says) => {
    const outcome = await scene.clients().register({ ...plainClient, ...more }, byAdmin)
    expect(outcome).toMatchObject({ outcome: 'invalid', problem: expect.stringContaining(says) })
    expect([await scene.store.clients.list({}), scene.said]).toEqual([[], []])
  })

  it('T19: needs approval again when its owner edits it, and none when an administrator does', async () => {
    const owner = { kind: 'user', id: 'usr_a' } as const
    const { client } = await scene.register(
      { origin: 'self_service', ownerId: 'usr_a' },
      { approvalRequired: true },
    )
    const clients = scene.clients({ approvalRequired: true })
    await clients.approve(client.id, byAdmin)
    const edit = { name: 'Example', redirectUris: ['https://two.example/cb'], grantTypes: client.grantTypes }
    expect(await clients.edit(client.id, edit, byAdmin)).toMatchObject({ client: { status: 'active' } })
    expect(await clients.edit(client.id, edit, owner, 'usr_b')).toEqual({ outcome: 'not_found' })
    expect(await clients.edit(client.id, edit, owner, 'usr_a')).toMatchObject({
      client: { status: 'active' },
    })
    const three = { ...edit, redirectUris: ['https://three.example/cb'] }
    expect(await clients.edit(client.id, three, owner, 'usr_a')).toMatchObject({
      client: { status: 'pending' },
    })
    const bad = { ...edit, grantTypes: ['client_credentials'] }
    expect(await clients.edit(client.id, bad, owner, 'usr_a')).toMatchObject({ outcome: 'invalid' })
    await scene.directory(null).upsertDynamic('cli_1', { redirect_uris: edit.redirectUris }, null)
    expect(await clients.edit('cli_1', edit, byAdmin)).toEqual({ outcome: 'not_found' })
  })

  it('ends with its consents, each said once', async () => {
    await scene.store.users.add(
      { id: 'usr_a', email: 'a@example.com', workspace: 'default', role: 'user', at: 1 },
      byAdmin,
    )
    const { client } = await scene.register({})
    const consent = { userId: 'usr_a', clientId: client.id, workspace: 'default', resource: 'r' }
    await scene.store.consents.grant({
      id: 'con_1',
      ...consent,
      scopes: [],
      flow: 'authorization_code',
      at: 1,
    })
    scene.said.length = 0
    const clients = scene.clients()
    expect(await clients.revoke(client.id, byAdmin, 'usr_b')).toBe(false)
    expect([await clients.revoke(client.id, byAdmin), await clients.revoke(client.id, byAdmin)]).toEqual([
      true,
      false,
    ])
    expect(scene.said).toEqual(['consent_revoked admin'])
    expect(await clients.reject(client.id, byAdmin)).toBe(false)
    expect(await clients.approve(client.id, byAdmin)).toBe(true)
  })
})
