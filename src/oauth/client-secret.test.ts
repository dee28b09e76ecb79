import { expect, it } from 'vitest'
import { sha256Hex } from '../lib/hash.ts'
import { systemRandom } from '../lib/random.ts'
import { isClientSecret, mintClientSecret } from './client-secret.ts'

it('T9: a client secret is 256 bits, kept as a hash that only it matches', () => {
  const [one, other] = [mintClientSecret(systemRandom), mintClientSecret(systemRandom)]
  expect(one.secret).toMatch(/^[0-9A-Za-z]{43}$/)
  expect(one.secret).not.toBe(other.secret)
  expect(one.hash).toBe(sha256Hex(one.secret))
  expect(one.hash).not.toContain(one.secret)
  expect(isClientSecret(one.secret, one.hash)).toBe(true)
  expect(isClientSecret(other.secret, one.hash)).toBe(false)
  expect(isClientSecret(one.hash, one.hash)).toBe(false)
  expect(isClientSecret('', null)).toBe(false)
  expect(isClientSecret(one.secret, null)).toBe(false)
})
