import { expect, it } from 'vitest'
import { seedFromEnvironment } from './load/dice.ts'
import { figuresOf, runLoad } from './load/run.ts'

const seed = seedFromEnvironment()
const calls = Number(process.env['SALLYPORT_LOAD_CALLS'] ?? 10_000)

it('T1, T2, T11: mixes up no identity and no answer among hundreds of principals on shared connections', async () => {
  console.info(`SALLYPORT_TEST_SEED=${seed} SALLYPORT_LOAD_CALLS=${calls}`)
  const result = await runLoad({ seed, calls })
  console.info(figuresOf(seed, result))
  expect(result.mistakes.slice(0, 10)).toStrictEqual([])
  expect(result.counts['sent']).toBe(calls)
  // The mix is there: without it the run would prove nothing.
  for (const what of ['forwarded', 'refused: session_unknown', 'refused: revoked_key', 'events', 'abandoned'])
    expect(result.counts[what], what).toBeGreaterThan(calls / 1000)
}, 600_000)
