import { expect, it } from 'vitest'
import { onEachDatabase } from '../storage/databases.ts'
import { seedFromEnvironment } from './load/dice.ts'
import { figuresOf, runLoad } from './load/run.ts'

const seed = seedFromEnvironment()
const asked = Number(process.env['SALLYPORT_LOAD_CALLS'] ?? 10_000)

onEachDatabase((databases) => {
  it('T1, T2, T11: mixes up no identity and no answer among hundreds of people on shared connections', async () => {
    // Postgres answers later, so that more requests are under way at once; fewer of them do.
    const calls = databases.kind === 'sqlite' ? asked : Math.ceil(asked / 4)
    console.info(`SALLYPORT_TEST_SEED=${seed} SALLYPORT_LOAD_CALLS=${asked}`)
    const result = await runLoad({ seed, calls, store: await databases.newLocation() })
    console.info(`${databases.kind}: ${figuresOf(seed, result)}`)
    expect(result.mistakes.slice(0, 10)).toStrictEqual([])
    expect(result.counts['sent']).toBe(calls)
    // The mix is there: without it the run would prove nothing.
    const mix = ['forwarded', 'refused: session_unknown', 'refused: revoked_key', 'events', 'abandoned']
    for (const what of mix) expect(result.counts[what], what).toBeGreaterThan(calls / 1000)
  }, 600_000)
})
