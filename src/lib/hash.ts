import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the text, as 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Compares two hex digests in a time that does not depend on where they differ (T9). */
export function sameDigest(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1'))
}

/** Compares two secrets through their digests, so that neither content nor length shows in the time taken (T9). */
export function sameSecret(presented: string, expected: string): boolean {
  return sameDigest(sha256Hex(presented), sha256Hex(expected))
}
