import { hkdfSync } from 'node:crypto'

/** A key for one use, 32 bytes: the same on every replica, and of no help to whoever has another one. */
export function derivedKey(secretsKey: string, use: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretsKey, '', `sallyport ${use} v1`, 32))
}
