import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the text, as 64 lower-case hex digits. */
export function sha256Hex(text: string): string {
  return hash('sha256', text, 'hex')
}

/** Compares two secrets through their hashes, so that neither content nor length shows in the time taken. */
export function sameSecret(presented: string, expected: string): boolean {
  return timingSafeEqual(hash('sha256', presented, 'buffer'), hash('sha256', expected, 'buffer'))
}
