import { parseArgs } from 'node:util'
import { attributionModes } from '../../src/telemetry/attribution.ts'
import { sweep } from './sweep.ts'

const protocols = ['http/protobuf', 'http/json', 'grpc'] as const
const { values } = parseArgs({
  options: { cases: { type: 'string', default: '100' }, seed: { type: 'string' } },
})
const first = Number(values.seed ?? Math.trunc(Date.now() % 2 ** 31))
const cases = Number(values.cases)
const began = performance.now()
let marks = 0
let failed = 0
for (let index = 0; index < cases; index += 1) {
  const mode = attributionModes[index % 3] ?? 'off'
  const protocol = protocols[Math.trunc(index / 3) % 3] ?? 'grpc'
  const details = index % 2 === 1
  const { leaks, missing, canaries } = await sweep({ seed: first + index, mode, protocol, details })
  marks += canaries
  if (leaks.length + missing.length === 0) continue
  failed += 1
  console.log(
    `FAILED: seed ${first + index}, attribution ${mode}, ${protocol}${details ? ', with details' : ''}`,
  )
  for (const line of [...leaks, ...missing.map((name) => `${name} did not arrive`)]) console.log(`  ${line}`)
}
const seconds = ((performance.now() - began) / 1000).toFixed(1)
console.log(`${cases} cases with ${marks} marks in ${seconds} s, from seed ${first}: ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
