import { expect, it } from 'vitest'
import { runFuzz } from './fuzz.ts'
import { fuzzSeed } from './seed.ts'

const seed = fuzzSeed()
const cases = Number(process.env['SALLYPORT_FUZZ_CASES'] ?? 2000)

it(`whatever is sent or comes back, the gateway answers, keeps answers apart and goes on (seed ${seed})`, async () => {
  const result = await runFuzz({ seed, cases })
  const replays = result.failures.map(({ index, problems }) => ({
    replay: `node test/fuzz/run.ts --seed ${seed} --only ${index}`,
    problems,
  }))
  expect(replays).toEqual([])
  expect(result.complaints).toEqual([])
  expect(result.cases).toBe(cases)
  // What is left are the gateway's own spare connections to its upstreams.
  expect(result.left.upstream).toBe(0)
  expect(result.left.sockets).toBeLessThan(300)
  // A run in which nothing gets through, or everything does, would prove nothing.
  expect(result.reached).toBeGreaterThan(cases / 10)
  for (const status of [
    '200',
    '202',
    '400',
    '401',
    '403',
    '404',
    '405',
    '413',
    '415',
    '421',
    '431',
    '502',
    '504',
  ])
    expect(result.statuses[status], status).toBeGreaterThan(0)
}, 120_000)
