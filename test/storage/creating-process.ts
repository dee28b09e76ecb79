import { openStore } from '../../src/storage/open-store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { newKey } from './records.ts'

/** Creates keys named after its second argument, on and on, and tells each outcome once it is acknowledged. */
const [location = '', name = '', limit = ''] = process.argv.slice(2)
const store = openStore(location, { clock: systemClock, random: systemRandom })
for (let index = 0; ; index += 1) {
  const key = newKey(`${name}${index}`)
  const { outcome } = await store.apiKeys.create(
    key,
    { maxPerUser: Number(limit) },
    { kind: 'admin', id: null },
  )
  process.send?.({ id: key.id, outcome })
  if (outcome === 'limit_reached') break
}
await store.close()
process.disconnect()
