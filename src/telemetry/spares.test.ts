import { expect, it } from 'vitest'
import { Spares } from './spares.ts'

function numbered() {
  let made = 0
  const spares = new Spares(() => {
    made += 1
    const batch = {
      number: made,
      items: 1,
      whole: () => Buffer.alloc(0),
      empty: () => void (batch.items = 0),
    }
    return batch
  })
  return spares
}

it('gives a batch out again, empty, once another was sent after it', () => {
  const spares = numbered()
  const [first, second] = [spares.take(), spares.take()]
  spares.give(first)
  const third = spares.take()
  expect(third.number).toBe(3)
  spares.give(second)
  expect(spares.take()).toBe(first)
  expect(first.items).toBe(0)
  // The second was the last one sent.
  expect(spares.take().number).toBe(4)
})

it('gives a batch that was never sent out again at once', () => {
  const spares = numbered()
  const first = spares.take()
  spares.giveUnsent(first)
  expect([spares.take(), spares.take().number]).toEqual([first, 2])
})

it('keeps few, however many come back', () => {
  const spares = numbered()
  const all = Array.from({ length: 10 }, () => spares.take())
  for (const batch of all) spares.give(batch)
  const again = [spares.take(), spares.take(), spares.take()].map(({ number }) => number)
  expect(again).toEqual([1, 11, 12])
})
