import { once } from 'node:events'
import { fork } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { onEachDatabase, onSqlite } from './databases.ts'
import { addUser, admin, newKey } from './records.ts'

const count = 1000
const ids = Array.from({ length: count }, (_, index) => `k${index}`)

onEachDatabase((databases) => {
  it('shows a revocation to another instance on its very next look-up, 1000 of 1000 times', async () => {
    const location = await databases.newLocation()
    const [serving, revoking] = [databases.open(location), databases.open(location)]
    await serving.migrate()
    await addUser(serving)
    await insertKeys(location)
    let seen = 0
    for (const id of ids) {
      await expectActive(serving, id)
      await revoking.apiKeys.revoke(id, 2000, {}, admin)
      if ((await serving.apiKeys.findForCall(id))?.revokedAt === 2000) seen += 1
    }
    expect(seen).toBe(count)
  })

  it('shows a disabled owner to another instance on its very next look-up', async () => {
    const location = await databases.newLocation()
    const [serving, disabling] = [databases.open(location), databases.open(location)]
    await serving.migrate()
    await addUser(serving)
    await insertKeys(location)
    await expectActive(serving, 'k1')
    await disabling.users.setDisabled('usr_a', 5, 5, admin)
    expect(await serving.apiKeys.findForCall('k1')).toMatchObject({ ownerInactive: true })
  })
})

onSqlite((databases) => {
  it('shows what another process revokes on the very next look-up, 1000 of 1000 times', async () => {
    const location = await databases.newLocation()
    const serving = databases.open(location)
    await serving.migrate()
    await addUser(serving)
    await insertKeys(location)
    const other = fork(join(import.meta.dirname, 'revoking-process.ts'), [location], { execArgv: [] })
    try {
      let seen = 0
      for (const id of ids) {
        await expectActive(serving, id)
        const answered = once(other, 'message')
        other.send(id)
        expect((await answered)[0]).toEqual({ endsNow: true })
        if ((await serving.apiKeys.findForCall(id))?.revokedAt === 2000) seen += 1
      }
      expect(seen).toBe(count)
    } finally {
      other.disconnect()
      await once(other, 'exit')
    }
  })

  it('caches a key while nobody writes, and no longer', async () => {
    const location = await databases.newLocation()
    const [serving, revoking] = [databases.open(location), databases.open(location)]
    await serving.migrate()
    await addUser(serving)
    await insertKeys(location)
    const first = serving.apiKeys.findForCall('k1')
    expect(serving.apiKeys.findForCall('k1')).toBe(first)
    await serving.apiKeys.recordUse(new Map([['k1', 1500]]))
    expect(serving.apiKeys.findForCall('k1')).toBe(first)
    await revoking.apiKeys.revoke('k2', 2000, {}, admin)
    expect(serving.apiKeys.findForCall('k1')).not.toBe(first)
    expect(serving.apiKeys.findForCall('k1')).toStrictEqual(first)
  })
})

async function expectActive(store: Store, id: string): Promise<void> {
  expect(await store.apiKeys.findForCall(id)).toMatchObject({ revokedAt: null, ownerInactive: false })
}

async function insertKeys(location: string): Promise<void> {
  const database = openDatabase(location)
  const { secretHash, userId, createdAt, ...key } = newKey('')
  const row = { secret_hash: secretHash, user_id: userId, created_at: createdAt, workspace: key.workspace }
  const lists = { name: key.name, scopes: '[]', upstreams: '[]' }
  await database.kysely
    .insertInto('api_keys')
    .values(ids.map((id) => ({ ...row, ...lists, id })))
    .execute()
  await database.close()
}
