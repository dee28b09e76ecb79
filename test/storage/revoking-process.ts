import { openStore } from '../../src/storage/open-store.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'

/** A process of its own that revokes each key id it is sent and says when that is acknowledged. */
const store = openStore(process.argv[2] ?? '', { clock: systemClock, random: systemRandom })
process.on('message', (id) => {
  void store.apiKeys
    .revoke(String(id), 2000, {}, { kind: 'admin', id: null })
    .then((revoked) => process.send?.(revoked))
})
process.on('disconnect', () => void store.close())
