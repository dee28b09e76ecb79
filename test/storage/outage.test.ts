import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { Client } from 'pg'
import { expect, it } from 'vitest'
import { openStore } from '../../src/storage/open-store.ts'
import { dependencies, onPostgres } from './databases.ts'
import { addKey, addUser, admin, newKey } from './records.ts'

const away = { code: 'store_unreachable', status: 503 }

onPostgres((databases, cluster) => {
  it('T8: rejects calls while the server is away and works again when it is back', async () => {
    const store = await databases.newStore()
    await addUser(store)
    await addKey(store, 'k1')
    // Leaves several idle connections in the pool, all of which break.
    await Promise.all(Array.from({ length: 5 }, async () => store.apiKeys.findForCall('k1')))
    await cluster().stop()
    try {
      const began = performance.now()
      await expect(Promise.resolve(store.apiKeys.findForCall('k1'))).rejects.toMatchObject(away)
      await expect(store.apiKeys.create(newKey('k2'), { maxPerUser: 9 }, admin)).rejects.toMatchObject(away)
      await expect(store.audit.list({ limit: 1 })).rejects.toMatchObject(away)
      await expect(store.migrate()).rejects.toMatchObject(away)
      await expect(store.ping()).rejects.toMatchObject(away)
      expect(performance.now() - began).toBeLessThan(5000)
    } finally {
      await cluster().start()
    }
    await store.ping()
    expect(await store.apiKeys.findForCall('k1')).toMatchObject({ id: 'k1' })
    expect(await store.apiKeys.create(newKey('k2'), { maxPerUser: 9 }, admin)).toStrictEqual({
      outcome: 'created',
    })
  })

  it('rejects a change that is under way when the server goes, and has made none of it', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await addUser(store)
    const holder = new Client({ connectionString: location })
    holder.on('error', () => {})
    await holder.connect()
    await holder.query('begin')
    await holder.query("select 1 from users where id = 'usr_a' for update")
    const creation = store.apiKeys
      .create(newKey('k1'), { maxPerUser: 9 }, admin)
      .catch((error: unknown) => error)
    const waiting =
      "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    while ((await holder.query(waiting)).rows.length === 0);
    await cluster().stop()
    try {
      expect(await creation).toMatchObject(away)
    } finally {
      await cluster().start()
    }
    expect(await store.apiKeys.list({})).toStrictEqual([])
    expect(await store.audit.list({ limit: 9 })).toHaveLength(1)
  })

  it('does not wait for ever for a server that accepts and says nothing', async () => {
    const sockets: Socket[] = []
    const silent = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
    await once(silent, 'listening')
    const address = silent.address()
    const port = address !== null && typeof address === 'object' ? address.port : 0
    const store = openStore(`postgres://u:p@127.0.0.1:${port}/x`, dependencies)
    await expect(store.ping()).rejects.toMatchObject(away)
    await store.close()
    for (const socket of sockets) socket.destroy()
    silent.close()
  })
})
