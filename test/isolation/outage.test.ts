import { sql } from 'kysely'
import { expect, it } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { onPostgres, onSqlite } from '../storage/databases.ts'
import { createScene } from './scene.ts'
import type { Scene } from './scene.ts'

interface Outage {
  begin(): Promise<void>
  end(): Promise<void>
}

onSqlite((databases) => {
  it('T8: answers 503, never 401, while SQLite cannot be asked, and works again after', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    const rename = (from: string, to: string) => change(scene, `alter table ${from} rename to ${to}`)
    try {
      await expectOutage(scene, {
        async begin() {
          await rename('api_keys', 'api_keys_away')
        },
        async end() {
          await rename('api_keys_away', 'api_keys')
        },
      })
    } finally {
      await scene.close()
    }
  })

  it('T8: answers 503, never 404, for a session that cannot be looked up or opened', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    try {
      const { gateway, calls, upstream } = scene
      const { key } = await gateway.createKey(await scene.addUser('alice'))
      const opened = await calls.post('/mcp', key, { method: 'initialize' })
      const session = String(opened.headers['mcp-session-id'])
      expect(await calls.post('/mcp', key, { session })).toMatchObject({ status: 200 })
      await change(scene, 'alter table mcp_sessions rename to mcp_sessions_away')
      upstream.calls.length = 0
      const unavailable = { status: 503, reason: 'store_unavailable', headers: { 'retry-after': '1' } }
      expect(await calls.post('/mcp', key, { session })).toMatchObject(unavailable)
      expect(upstream.calls).toHaveLength(0)
      const failed = await calls.post('/mcp', key, { method: 'initialize' })
      expect(failed).toMatchObject(unavailable)
      expect(failed.headers).not.toHaveProperty('mcp-session-id')
      await change(scene, 'alter table mcp_sessions_away rename to mcp_sessions')
      expect(await calls.post('/mcp', key, { session })).toMatchObject({ status: 200 })
    } finally {
      await scene.close()
    }
  })
})

onPostgres((databases, cluster) => {
  it('T8: answers 503, never 401, while Postgres is away, and works again when it is back', async () => {
    const scene = await createScene({ store: await databases.newLocation() })
    try {
      await expectOutage(scene, { begin: () => cluster().stop(), end: () => cluster().start() })
    } finally {
      await scene.close()
    }
  })
})

async function expectOutage(scene: Scene, outage: Outage): Promise<void> {
  const { gateway, calls, upstream } = scene
  const owner = await scene.addUser('alice')
  const good = await gateway.createKey(owner)
  const bad = await gateway.createKey(owner)
  await gateway.store.apiKeys.revoke(bad.id, 1, {}, { kind: 'admin', id: null })
  expect(await calls.post('/mcp', good.key)).toMatchObject({ status: 200 })
  expect(await calls.post('/mcp', bad.key)).toMatchObject({ status: 401, reason: 'revoked_key' })
  await outage.begin()
  upstream.calls.length = 0
  try {
    for (const { key } of [good, bad]) {
      const answer = await calls.post('/mcp', key)
      expect(answer).toMatchObject({ status: 503, reason: 'store_unavailable' })
      expect(answer.headers).toMatchObject({ 'retry-after': '1' })
      expect(answer.headers).not.toHaveProperty('www-authenticate')
      expect(answer.body).not.toMatch(/api_keys|postgres|sqlite|127\.0\.0\.1/i)
    }
    // What needs no store is judged without one: these credentials are bad whatever the store would say.
    expect(await calls.post('/mcp', null)).toMatchObject({ status: 401, reason: 'missing_credential' })
    expect(await calls.post('/mcp', 'sp_nonsense')).toMatchObject({ status: 401, reason: 'unknown_key' })
    expect(upstream.calls).toHaveLength(0)
  } finally {
    await outage.end()
  }
  expect(await calls.post('/mcp', good.key)).toMatchObject({ status: 200, caller: { sub: owner.id } })
  expect(await calls.post('/mcp', bad.key)).toMatchObject({ status: 401, reason: 'revoked_key' })
}

/** Changes the database behind the gateway's back, as an operator's hand might. */
async function change({ gateway }: Scene, statement: string): Promise<void> {
  const database = openDatabase(gateway.location)
  await sql.raw(statement).execute(database.kysely)
  await database.close()
}
