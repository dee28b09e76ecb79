import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { byAdmin, openClientScene } from '../../test/support/client-scene.ts'
import type { ClientScene } from '../../test/support/client-scene.ts'
import { sha256Hex } from '../lib/hash.ts'

let scene: ClientScene
beforeEach(async () => {
  scene = await openClientScene()
})
afterEach(() => scene.close())

const metadata = { client_name: 'Example', redirect_uris: ['https://app.example.com/cb'] }

describe('auth 9: a client that registers itself', () => {
  it('is found with what is kept of it, its secret as a hash alone', async () => {
    const { find, upsertDynamic, checkSecret } = scene.directory(null)
    await upsertDynamic('cli_1', { ...metadata, scope: 'a', client_secret: 'mine' }, sha256Hex('the secret'))
    expect(await find('cli_1')).toEqual({
      status: 'active',
      origin: 'dynamic',
      workspace: null,
      metadata: {
        client_id: 'cli_1',
        client_id_issued_at: Math.floor(scene.clock.now() / 1000),
        client_name: 'Example',
        redirect_uris: ['https://app.example.com/cb'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'client_secret_basic',
        application_type: 'web',
      },
    })
    expect(JSON.stringify(await scene.store.clients.find('cli_1'))).not.toContain('the secret')
    expect([await checkSecret('cli_1', 'the secret'), await checkSecret('cli_1', 'another')]).toEqual([
      true,
      false,
    ])
    expect(await checkSecret('cli_2', 'the secret')).toBe(false)
    expect(scene.said).toEqual(['client_registered active dynamic'])
  })

  it('keeps its secret when it changes something else, and loses it with the need for one', async () => {
    const { upsertDynamic, checkSecret } = scene.directory(null)
    await upsertDynamic('cli_1', metadata, sha256Hex('s'))
    await upsertDynamic('cli_1', { ...metadata, client_name: 'New' }, null)
    expect(await checkSecret('cli_1', 's')).toBe(true)
    await upsertDynamic('cli_1', metadata, sha256Hex('s2'))
    expect([await checkSecret('cli_1', 's'), await checkSecret('cli_1', 's2')]).toEqual([false, true])
    await upsertDynamic('cli_1', { ...metadata, token_endpoint_auth_method: 'none' }, null)
    expect(await checkSecret('cli_1', 's2')).toBe(false)
    expect(scene.said).toEqual(['client_registered active dynamic'])
  })

  it('T51: gets no grant for itself, whoever asks', async () => {
    const { find, upsertDynamic } = scene.directory(null)
    const given = { grant_types: ['client_credentials'] }
    await expect(upsertDynamic('cli_1', given, null)).rejects.toMatchObject({
      code: 'client_metadata_refused',
    })
    expect(await find('cli_1')).toBeUndefined()
  })

  it('T19: waits for approval, and again after it has changed what was approved', async () => {
    const { find, upsertDynamic } = scene.directory(null, { approvalRequired: true })
    await upsertDynamic('cli_1', metadata, null)
    expect(await find('cli_1')).toMatchObject({ status: 'pending' })
    // What an administrator is looking at is what they approve.
    const evil = { ...metadata, redirect_uris: ['https://evil.example/cb'] }
    await expect(upsertDynamic('cli_1', evil, null)).rejects.toMatchObject({
      code: 'client_metadata_refused',
    })
    await scene.clients({ approvalRequired: true }).approve('cli_1', byAdmin)
    await upsertDynamic('cli_1', metadata, null)
    expect(await find('cli_1')).toMatchObject({ status: 'active' })
    await upsertDynamic('cli_1', { ...metadata, redirect_uris: ['https://evil.example/cb'] }, null)
    expect(await find('cli_1')).toMatchObject({ status: 'pending' })
    expect(scene.said).toEqual(['client_registered pending dynamic'])
  })

  it('cannot take the id of a client somebody else made', async () => {
    const { client } = await scene.register({ origin: 'admin' })
    const { find, upsertDynamic, remove } = scene.directory(null)
    await expect(upsertDynamic(client.id, metadata, null)).rejects.toMatchObject({
      code: 'client_metadata_refused',
    })
    await remove(client.id)
    expect(await find(client.id)).toMatchObject({ origin: 'admin' })
  })

  it('is gone when it removes itself, and noted when it is used', async () => {
    const { find, upsertDynamic, remove, noteUse } = scene.directory(null)
    await upsertDynamic('cli_1', metadata, null)
    noteUse('cli_1')
    expect(scene.used).toEqual([['cli_1', scene.clock.now()]])
    await remove('cli_1')
    await remove('cli_1')
    expect(await find('cli_1')).toBeUndefined()
  })
})
