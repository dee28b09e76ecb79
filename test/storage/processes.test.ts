import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { onEachDatabase, onSqlite } from './databases.ts'
import { addKey, addUser, admin, newKey } from './records.ts'

onEachDatabase((databases) => {
  it('holds the limit across processes', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await addUser(store)
    const processes = ['a', 'b', 'c'].map((name) => create(location, name, 40))
    await Promise.all(processes.map((process) => once(process, 'exit')))
    expect(await store.apiKeys.list({})).toHaveLength(40)
  })

  it('has everything it has acknowledged after its process is killed', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await addUser(store)
    const process = create(location, 'k', 1_000_000)
    const acknowledged: string[] = []
    process.on('message', ({ id }: { id: string }) => {
      acknowledged.push(id)
      if (acknowledged.length === 100) process.kill('SIGKILL')
    })
    await once(process, 'exit')
    const kept = new Set((await store.apiKeys.list({})).map(({ id }) => id))
    expect(acknowledged.length).toBeGreaterThanOrEqual(100)
    expect(acknowledged.filter((id) => !kept.has(id))).toStrictEqual([])
    expect(await store.audit.list({ limit: 1_000_000 })).toHaveLength(kept.size + 1)
  })
})

onSqlite((databases) => {
  it('waits for a lock of somebody else without blocking the event loop or look-ups', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await addUser(store)
    await addKey(store, 'k1')
    const holder = new DatabaseSync(location.slice('sqlite:'.length))
    holder.exec('begin immediate')
    const creation = store.apiKeys.create(newKey('k2'), { maxPerUser: 9 }, admin)
    // This very event loop has to go on for the lock ever to be given back.
    await new Promise(setImmediate)
    expect(store.apiKeys.findForCall('k1')).toMatchObject({ id: 'k1' })
    expect(store.apiKeys.findForCall('k2')).toBeUndefined()
    holder.exec('commit')
    holder.close()
    expect(await creation).toStrictEqual({ outcome: 'created' })
    expect(store.apiKeys.findForCall('k2')).toMatchObject({ id: 'k2' })
  })

  it('says so when somebody else keeps the lock', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await addUser(store)
    const holder = new DatabaseSync(location.slice('sqlite:'.length))
    holder.exec('begin immediate')
    await expect(store.apiKeys.revoke('k1', 1, {}, admin)).rejects.toMatchObject({
      code: 'store_unreachable',
      message: 'The SQLite database is locked by another process',
    })
    holder.close()
    expect(await store.apiKeys.revoke('k1', 1, {}, admin)).toBeUndefined()
  })

  it('syncs each commit to the disk', async () => {
    const location = await databases.newLocation()
    const database = openDatabase(location)
    const read = async (name: string) => (await sql.raw(`pragma ${name}`).execute(database.kysely)).rows
    expect(await read('journal_mode')).toStrictEqual([{ journal_mode: 'wal' }])
    expect(await read('synchronous')).toStrictEqual([{ synchronous: 2 }])
    expect(await read('foreign_keys')).toStrictEqual([{ foreign_keys: 1 }])
    expect(await read('busy_timeout')).toStrictEqual([{ timeout: 5000 }])
    await database.close()
  })
})

function create(location: string, name: string, limit: number): ChildProcess {
  const script = join(import.meta.dirname, 'creating-process.ts')
  return fork(script, [location, name, String(limit)], { execArgv: [] })
}
