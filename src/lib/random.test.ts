import { expect, it } from 'vitest'
import { systemRandom } from './random.ts'

it('never hands out the same bytes twice, and leaves none of them behind', () => {
  const draws = Array.from({ length: 1000 }, () => systemRandom.bytes(32))
  const texts = new Set(draws.map((draw) => Buffer.from(draw).toString('hex')))
  expect(texts.size).toBe(1000)
  expect(texts.has('00'.repeat(32))).toBe(false)
  // A draw is a copy: what its owner does to it reaches nobody else.
  expect(new Set(draws.map(({ buffer }) => buffer)).size).toBe(1000)
})

it('answers draws that are larger than its block', () => {
  const bytes = systemRandom.bytes(10_000)
  expect(bytes.length).toBe(10_000)
  expect(bytes.subarray(9000).some((byte) => byte !== 0)).toBe(true)
  expect(systemRandom.bytes(0).length).toBe(0)
})
