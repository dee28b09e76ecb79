import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'

it('on SQLite a write outside a transaction waits for the lock, and holds nobody up meanwhile', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-locked-'))
  const file = join(folder, 'store.db')
  const store = openStore(`sqlite:${file}`, { clock: systemClock, random: systemRandom })
  await store.migrate()
  const holder = new DatabaseSync(file)
  holder.exec('begin immediate')
  const saving = store.artifacts.save({ kind: 'Interaction', idHash: 'x', payload: 'p', expiresAt: 9e12 })
  // The lock is given up by this very thread: had the write blocked it, nobody ever would.
  await turn()
  await turn()
  holder.exec('commit')
  holder.close()
  await saving
  expect(await store.artifacts.find('Interaction', 'x')).toMatchObject({ payload: 'p' })
  await store.close()
  await rm(folder, { recursive: true })
})
