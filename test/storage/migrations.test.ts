import { expect, it } from 'vitest'
import { openDatabase } from '../../src/storage/database.ts'
import { onEachDatabase } from './databases.ts'

const all = ['0001-initial', '0002-sign-in']

onEachDatabase((databases) => {
  it('brings an empty database to this version, once', async () => {
    const store = databases.open(await databases.newLocation())
    expect(await store.pendingMigrations()).toStrictEqual(all)
    expect(await store.migrate()).toStrictEqual(all)
    expect(await store.pendingMigrations()).toStrictEqual([])
    expect(await store.migrate()).toStrictEqual([])
  })

  it('lets one of several instances that start at once do the work', async () => {
    const location = await databases.newLocation()
    const instances = Array.from({ length: 4 }, () => databases.open(location))
    const applied = await Promise.all(instances.map((store) => store.migrate()))
    expect(applied.flat()).toStrictEqual(all)
  })

  it('refuses a database that a newer version has written', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await onTables(location, (kysely) =>
      kysely.insertInto('schema_migrations').values({ name: '9999-future', applied_at: 1 }).execute(),
    )
    const refusal = { code: 'store_newer', detail: 'unknown migrations: 9999-future' }
    await expect(store.pendingMigrations()).rejects.toMatchObject(refusal)
    await expect(store.migrate()).rejects.toMatchObject(refusal)
  })

  it('changes nothing when a migration fails', async () => {
    const location = await databases.newLocation()
    // A table in the way, as in a database that belongs to something else.
    await onTables(location, (kysely) =>
      kysely.schema.createTable('audit_log').addColumn('x', 'text').execute(),
    )
    const store = databases.open(location)
    await expect(store.migrate()).rejects.toMatchObject({
      code: 'migration_failed',
      detail: expect.stringMatching(/audit_log.*already exists/),
    })
    expect(await store.pendingMigrations()).toStrictEqual(all)
    await onTables(location, (kysely) => kysely.schema.dropTable('audit_log').execute())
    expect(await store.migrate()).toStrictEqual(all)
  })

  it('says what to run when a store is used before it is migrated', async () => {
    const store = databases.open(await databases.newLocation())
    const refusal = { code: 'store_query_failed', fix: expect.stringContaining('sallyport migrate') }
    await expect(store.users.list()).rejects.toMatchObject(refusal)
    await expect((async () => store.apiKeys.findForCall('k1'))()).rejects.toMatchObject(refusal)
  })
})

async function onTables(
  location: string,
  work: (kysely: ReturnType<typeof openDatabase>['kysely']) => Promise<unknown>,
): Promise<void> {
  const database = openDatabase(location)
  try {
    await work(database.kysely)
  } finally {
    await database.close()
  }
}
