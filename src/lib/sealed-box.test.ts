import { expect, it } from 'vitest'
import { systemRandom } from './random.ts'
import { createSealedBox } from './sealed-box.ts'

const box = createSealedBox('one secret of at least 32 characters', systemRandom)

it('opens what it sealed, and each sealing looks different', () => {
  const text = 'private key: é '.repeat(100)
  const [once, twice] = [box.seal(text, 'signing'), box.seal(text, 'signing')]
  expect(once).not.toBe(twice)
  expect(once).toMatch(/^v1\.[A-Za-z0-9_-]+$/)
  expect([box.open(once, 'signing'), box.open(twice, 'signing')]).toEqual([text, text])
})

it('refuses another key, another purpose and every change', () => {
  const sealed = box.seal('secret', 'signing')
  const other = createSealedBox('another secret of 32 characters ...', systemRandom)
  expect(() => other.open(sealed, 'signing')).toThrow()
  expect(() => box.open(sealed, 'upstream')).toThrow()
  for (let place = 3; place < sealed.length - 1; place += 1) {
    const changed = sealed.slice(0, place) + (sealed[place] === 'A' ? 'B' : 'A') + sealed.slice(place + 1)
    expect(() => box.open(changed, 'signing')).toThrow()
  }
})

it.each(['', 'v1.', 'v2.AAAA', 'plain text', 'v1.AAAA'])('refuses %j, which was never sealed', (text) => {
  expect(() => box.open(text, 'signing')).toThrow()
})
