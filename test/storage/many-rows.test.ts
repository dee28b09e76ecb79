import { renameSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { expect, it } from 'vitest'
import type { AuditRow } from '../../src/telemetry/audit-store.ts'
import { onEachDatabase, onSqlite } from './databases.ts'
import { addUser } from './records.ts'

/** More than SQLite inserts on the thread that answers requests. */
const many = 1000

function rowsFrom(first: number): AuditRow[] {
  return Array.from({ length: many }, (_, n) => ({
    id: `aud_${first + n}`,
    time: first + n,
    actorKind: 'user',
    actorId: 'usr_1',
    workspace: 'acme',
    clientId: null,
    credentialId: 'k1',
    address: '127.0.0.1',
    action: 'mcp.call',
    target: 'code tools/call "größe" ✓ \\ \n',
    outcome: 'success',
    reason: null,
    requestId: `req_${n}`,
    traceId: null,
    count: 1,
  }))
}

onEachDatabase((databases) => {
  it('many rows are there once they are said to be written, as they were given', async () => {
    const store = await databases.newStore()
    const rows = rowsFrom(0)
    await store.audit.append(rows)
    expect(await store.audit.list({ limit: 2 * many })).toStrictEqual(rows.toReversed())
  })
})

onSqlite((databases) => {
  it('what is being written when the store closes is written', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    await store.audit.append(rowsFrom(0))
    const written = store.audit.append(rowsFrom(many))
    await Promise.all([written, store.close()])
    expect(await databases.open(location).audit.list({ limit: 9999 })).toHaveLength(2 * many)
  })

  it('many rows and a change at the same time wait for each other', async () => {
    const store = await databases.newStore()
    const writes = [0, 1, 2].map((batch) => store.audit.append(rowsFrom(batch * many)))
    await addUser(store)
    await Promise.all(writes)
    expect(await store.audit.list({ limit: 9999 })).toHaveLength(3 * many + 1)
  })

  it('a batch that fails writes nothing, and may be tried again', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    const other = new DatabaseSync(location.slice('sqlite:'.length))
    other.exec(
      "create trigger stop before insert on audit_log when new.id = 'aud_900' begin select raise(abort, 'no'); end",
    )
    const batch = store.audit.newBatch()
    for (const row of rowsFrom(0)) batch.add(row)
    await expect(batch.write()).rejects.toMatchObject({ code: 'store_query_failed', detail: 'no' })
    expect(await store.audit.list({ limit: 9 })).toEqual([])
    other.exec('drop trigger stop')
    other.close()
    await batch.write()
    expect(await store.audit.list({ limit: 9999 })).toHaveLength(many)
  })

  it('rows never go to a file that was put in the place of ours', async () => {
    const location = await databases.newLocation()
    const store = databases.open(location)
    await store.migrate()
    const path = location.slice('sqlite:'.length)
    renameSync(path, `${path}.old`)
    new DatabaseSync(path).close()
    await expect(store.audit.append(rowsFrom(0))).rejects.toMatchObject({ code: 'store_unreachable' })
  })

  it('a closed store takes no rows', async () => {
    const store = await databases.newStore()
    await store.close()
    await expect(store.audit.append(rowsFrom(0))).rejects.toMatchObject({ code: 'store_unreachable' })
  })
})
