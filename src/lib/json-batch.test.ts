import { describe, expect, it } from 'vitest'
import { JsonBatch, sharedBytes } from './json-batch.ts'

describe('a batch of JSON texts', () => {
  const frame = { opening: '{"events":[', closing: ']}' }

  it.each([['its own', undefined] as const, ['shared', sharedBytes] as const])(
    'says all of them, however long, in %s bytes',
    (_, allocate) => {
      const batch = new JsonBatch(frame, allocate)
      const texts = Array.from({ length: 300 }, (_each, n) => 'ü€'.repeat(n))
      for (const text of texts) batch.add(JSON.stringify(text))
      expect(JSON.parse(batch.whole().toString())).toEqual({ events: texts })
      expect(batch.items).toBe(300)
    },
  )

  it('begins anew once it is emptied, with nothing left of before', () => {
    const batch = new JsonBatch(frame)
    batch.add('"a long one that was there before"', true)
    batch.whole()
    batch.empty()
    expect([batch.items, batch.lasting, batch.whole().toString()]).toEqual([0, false, '{"events":[]}'])
    batch.add('1')
    expect(batch.whole().toString()).toBe('{"events":[1]}')
  })
})
