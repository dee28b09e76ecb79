import { expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { TraceContexts } from './trace-context.ts'

const parent = { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16) }
const other = { traceId: 'c'.repeat(32), spanId: 'd'.repeat(16) }
const nobody = { http: null, meta: [] }

it('ids are valid, and do not come twice', () => {
  const contexts = new TraceContexts(1, systemRandom)
  const seen = new Set<string>()
  for (let count = 0; count < 50_000; count += 1) {
    const { traceId, clientSpanId } = contexts.open(nobody)
    if (count < 1000) expect([traceId, clientSpanId].join()).toMatch(/^[0-9a-f]{32},[0-9a-f]{16}$/)
    seen.add(traceId).add(clientSpanId).add(contexts.newSpanId())
  }
  expect(seen.size).toBe(150_000)
})

it('two processes draw different ones', () => {
  const [one, two] = [new TraceContexts(1, systemRandom), new TraceContexts(1, systemRandom)]
  expect(one.open(nobody).traceId).not.toBe(two.open(nobody).traceId)
})

it('_meta names the parent and the header a link, unless both say the same', () => {
  const contexts = new TraceContexts(1, systemRandom)
  expect(contexts.open({ http: other, meta: [parent] })).toMatchObject({ ...named, links: [other] })
  expect(contexts.open({ http: parent, meta: [parent] })).toMatchObject({ ...named, links: [] })
  expect(contexts.open({ http: parent, meta: [] })).toMatchObject({ ...named, links: [] })
  expect(contexts.open({ http: null, meta: [parent, other] })).toMatchObject({ ...named, links: [other] })
  expect(
    contexts.open({ http: null, meta: Array.from({ length: 50 }, () => other) }).links.length,
  ).toBeLessThanOrEqual(8)
})

const named = { traceId: parent.traceId, parentSpanId: parent.spanId }

it.each([0, 0.1, 0.5, 1])('a share of %d is sampled, whatever the parent', (ratio) => {
  const contexts = new TraceContexts(ratio, systemRandom)
  const most = 100_000
  let sampled = 0
  for (let count = 0; count < most; count += 1) {
    if (contexts.open(count % 2 === 0 ? nobody : { http: parent, meta: [] }).sampled) sampled += 1
  }
  expect(Math.abs(sampled / most - ratio)).toBeLessThan(ratio === 0 || ratio === 1 ? 1e-9 : 0.01)
})
