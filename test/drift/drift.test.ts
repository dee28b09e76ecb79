import { expect, it } from 'vitest'
import { onEachDatabase } from '../storage/databases.ts'
import { runDrift } from './drift.ts'
import { driftSeed } from './seed.ts'

const seed = driftSeed()
const sequences = Number(process.env['SALLYPORT_DRIFT_SEQUENCES'] ?? 24)

onEachDatabase((databases) => {
  it(`T31: after every step the gauges are the rows, and what was counted is what happened (seed ${seed})`, async () => {
    const location = await databases.newLocation()
    await databases.open(location).migrate()
    const { done, steps, failure } = await runDrift({ location, sequences, seed, longest: 40 })
    const replay = `npm run drift -- --store ${databases.kind} --seed ${seed} --path ${failure?.path}`
    expect(failure === null ? '' : `${replay}\n${failure.report}`).toBe('')
    // A run in which little happens would prove little.
    expect(steps).toBeGreaterThan(sequences * 5)
    expect(done.get('sign in')).toBeGreaterThan(0)
  }, 300_000)
})
