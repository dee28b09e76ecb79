import type { RandomSource } from './random.ts'

export const base62Alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** Uniformly random base62 text: bytes past the largest multiple of 62 are drawn again, so no letter is likelier. */
export function randomBase62(length: number, random: RandomSource): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random.bytes(length + 8)) {
      if (byte < 248 && text.length < length) text += base62Alphabet[byte % 62]
    }
  }
  return text
}

/** An unsigned 32-bit number as exactly six base62 characters (62^6 > 2^32). */
export function uint32ToBase62(value: number): string {
  let rest = value >>> 0
  let text = ''
  for (let place = 0; place < 6; place += 1) {
    text = `${base62Alphabet[rest % 62]}${text}`
    rest = Math.floor(rest / 62)
  }
  return text
}
