import { Client } from 'pg'
import { expect, it } from 'vitest'
import { onPostgres } from './databases.ts'
import { addKey, addUser } from './records.ts'

onPostgres((databases) => {
  it('records the same rows in opposite orders without a deadlock', async () => {
    const location = await databases.newLocation()
    // Makes the planner go through the given rows in their order, as it does when the table is large.
    const client = new Client({ connectionString: location })
    await client.connect()
    for (const join of ['enable_hashjoin', 'enable_mergejoin', 'enable_seqscan']) {
      await client.query(`alter database ${client.escapeIdentifier(client.database ?? '')} set ${join} = off`)
    }
    await client.end()
    const [one, two] = [databases.open(location), databases.open(location)]
    await one.migrate()
    await addUser(one)
    const ids = Array.from({ length: 100 }, (_, index) => `k${index}`)
    for (const id of ids) await addKey(one, id)
    for (let round = 1; round <= 20; round += 1) {
      await Promise.all(
        [one, two, one, two].map((store, index) => {
          const order = store === one ? ids : ids.toReversed()
          return store.apiKeys.recordUse(new Map(order.map((id) => [id, round * 10 + index])))
        }),
      )
    }
    const times = (await two.apiKeys.list({})).map(({ lastUsedAt }) => lastUsedAt)
    expect(new Set(times)).toStrictEqual(new Set([203]))
  })
})
