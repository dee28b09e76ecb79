import { describe, expect, it } from 'vitest'
import { base62Alphabet, randomBase62, uint32ToBase62 } from './base62.ts'
import { systemRandom } from './random.ts'

describe('random base62 text', () => {
  it('has exactly the asked length and only letters of the alphabet', () => {
    for (const length of [0, 1, 12, 43, 5000]) {
      expect(randomBase62(length, systemRandom)).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`))
    }
  })

  it('draws again where a byte would favour the first letters', () => {
    const draws = [Uint8Array.of(255, 248, 250, 0, 61, 62), Uint8Array.of(247)]
    const random = { bytes: () => draws.shift() ?? new Uint8Array(1) }
    expect(randomBase62(4, random)).toBe('0z0z')
  })

  it('makes no letter likelier than another', () => {
    const counts = new Map<string, number>()
    for (const letter of randomBase62(124_000, systemRandom)) {
      counts.set(letter, (counts.get(letter) ?? 0) + 1)
    }
    expect(counts.size).toBe(62)
    // 2000 each are expected with a deviation of 45: eight of them are never seen by chance.
    for (const count of counts.values()) expect(Math.abs(count - 2000)).toBeLessThan(360)
  })
})

describe('a number in base62', () => {
  it.each([
    [0, '000000'],
    [61, '00000z'],
    [62, '000010'],
    [4_294_967_295, '4gfFC3'],
    [-1, '4gfFC3'],
  ])('%i is %s', (value, text) => expect(uint32ToBase62(value)).toBe(text))

  it('has one text for each number', () => {
    const values = [0, 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1]
    const read = (text: string) => [...text].reduce((sum, one) => sum * 62 + base62Alphabet.indexOf(one), 0)
    expect(values.map((value) => read(uint32ToBase62(value)))).toEqual(values)
  })
})
