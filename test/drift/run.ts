import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import { startPostgres } from '../support/postgres.ts'
import { runDrift } from './drift.ts'
import { driftSeed } from './seed.ts'

const { values } = parseArgs({
  options: {
    sequences: { type: 'string', default: '2000' },
    longest: { type: 'string', default: '40' },
    seed: { type: 'string' },
    path: { type: 'string' },
    store: { type: 'string', default: 'sqlite,postgres' },
  },
})

const seed = values.seed === undefined ? driftSeed() : Number(values.seed)
const sequences = Number(values.sequences)
const longest = Number(values.longest)
const again = values.path === undefined ? {} : { path: values.path }

async function runOn(store: string, location: string): Promise<boolean> {
  const opened = openStore(location, { clock: systemClock, random: systemRandom })
  await opened.migrate()
  await opened.close()
  const startedAt = performance.now()
  const seconds = () => `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
  const onSequence = (played: number, steps: number) => {
    if (played % 100 === 0) console.log(`${store}: ${played} sequences, ${steps} steps, ${seconds()}`)
  }
  const result = await runDrift({ location, sequences, seed, longest, onSequence, ...again })
  const { done, steps, unsaid, failure } = result
  if (failure !== null) {
    const replay = `npm run drift -- --store ${store} --longest ${longest} --seed ${seed} --path ${failure.path}`
    console.log(`${store} FAILED: ${replay}\n${failure.report}`)
    return false
  }
  const counts = [...done].toSorted(([, a], [, b]) => b - a).map(([type, count]) => `${type} ${count}`)
  console.log(`${store}: ${steps} steps hold, ${seconds()}; ${unsaid} changes a crash kept unsaid`)
  console.log(`  ${counts.join(', ')}`)
  return true
}

console.log(`seed ${seed}`)
let holds = true
for (const store of values.store.split(',')) {
  const cluster = store === 'postgres' ? await startPostgres() : null
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-drift-'))
  try {
    const location = cluster === null ? `sqlite:${join(folder, 'drift.db')}` : await cluster.createDatabase()
    holds = (await runOn(store, location)) && holds
  } finally {
    await cluster?.remove()
    await rm(folder, { recursive: true })
  }
}
process.exitCode = holds ? 0 : 1
