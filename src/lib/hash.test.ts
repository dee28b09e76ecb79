import { expect, it } from 'vitest'
import { sameDigest, sameSecret, sha256Hex } from './hash.ts'

it('SHA-256 is the one of FIPS 180-4, over UTF-8', () => {
  expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  expect(sha256Hex('é')).toBe('4a99557e4033c3539de2eb65472017cad5f9557f7a0625a09f1c3f6e2ba69c4c')
})

it('T9: digests are the same only when every character is', () => {
  const digest = sha256Hex('a')
  expect(sameDigest(digest, sha256Hex('a'))).toBe(true)
  for (const place of [0, 31, 63]) {
    const other = digest.slice(0, place) + (digest[place] === '0' ? '1' : '0') + digest.slice(place + 1)
    expect(sameDigest(digest, other)).toBe(false)
  }
  expect(sameDigest(digest, digest.slice(1))).toBe(false)
  expect(sameDigest('', digest)).toBe(false)
})

it('T9: secrets of any two lengths are compared without an error', () => {
  expect(sameSecret('s', 's')).toBe(true)
  expect(sameSecret('', 's')).toBe(false)
  expect(sameSecret('s'.repeat(10_000), 's')).toBe(false)
})
