import { seedFromEnvironment } from './load/dice.ts'
import { figuresOf, runLoad } from './load/run.ts'

// The long run: `node test/isolation/load-run.ts`. Exits 1 with the first mistakes when there are any.
const seed = seedFromEnvironment()
const calls = Number(process.env['SALLYPORT_LOAD_CALLS'] ?? 100_000)
console.info(`SALLYPORT_TEST_SEED=${seed} SALLYPORT_LOAD_CALLS=${calls}`)
const result = await runLoad({ seed, calls })
console.info(figuresOf(seed, result))
for (const mistake of result.mistakes.slice(0, 20)) console.error(mistake)
process.exitCode = result.mistakes.length === 0 ? 0 : 1
