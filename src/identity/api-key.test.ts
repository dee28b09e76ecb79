import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { base62Alphabet, uint32ToBase62 } from '../lib/base62.ts'
import { sha256Hex } from '../lib/hash.ts'
import { systemRandom } from '../lib/random.ts'
import { apiKeyId, apiKeyShape, hashApiKey, mintApiKey } from './api-key.ts'

describe('a minted key', () => {
  const { id, key, secretHash } = mintApiKey(systemRandom)

  it('has the published shape, its id and a checksum over all before it', () => {
    expect(key).toMatch(/^sp_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}$/)
    expect(key.slice(3, 15)).toBe(id)
    expect(key.slice(-6)).toBe(uint32ToBase62(crc32(key.slice(0, -6))))
    expect(apiKeyId(key)).toBe(id)
  })

  it('is stored as its SHA-256, which holds nothing of it', () => {
    expect(secretHash).toBe(sha256Hex(key))
    expect(hashApiKey(key)).toBe(secretHash)
  })

  it('is never minted twice', () => {
    expect(new Set(Array.from({ length: 500 }, () => mintApiKey(systemRandom).key)).size).toBe(500)
  })

  it('T5: with any one letter changed it is no key, without a look-up', () => {
    const changes = fc.tuple(fc.nat({ max: key.length - 1 }), fc.constantFrom(...base62Alphabet, '_', '-'))
    fc.assert(
      fc.property(changes, ([place, letter]) => {
        fc.pre(key[place] !== letter)
        expect(apiKeyId(key.slice(0, place) + letter + key.slice(place + 1))).toBeNull()
      }),
    )
  })

  it.each([
    ['nothing', () => ''],
    ['the prefix alone', () => 'sp_'],
    ['a part of it', () => key.slice(0, -1)],
    ['more than it', () => `${key}0`],
    ['a line break behind it', () => `${key}\n`],
    ['another letter case in the prefix', () => `SP_${key.slice(3)}`],
  ])('T5: %s is no key', (_, text) => expect(apiKeyId(text())).toBeNull())
})

it('one expression finds a key and nothing around it', () => {
  const { key } = mintApiKey(systemRandom)
  expect(apiKeyShape.exec(key)?.slice(1, 2)).toEqual([key.slice(3, 15)])
})
