import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { RandomSource } from './random.ts'

/** Encrypts text for storage and reads it back: AES-256-GCM, key by HKDF-SHA-256, a fresh nonce per text. */
export interface SealedBox {
  seal(text: string, purpose: string): string
  /** Throws when the text was sealed with another key or for another purpose, or was altered. */
  open(sealed: string, purpose: string): string
}

/** `purpose` is bound to each text as associated data, so that one stored secret cannot stand in for another. */
export function createSealedBox(secret: string, random: RandomSource): SealedBox {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'sallyport store secrets v1', 32))
  return {
    seal(text, purpose) {
      const nonce = random.bytes(12)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `v1.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(sealed, purpose) {
      const bytes = Buffer.from(sealed.startsWith('v1.') ? sealed.slice(3) : '', 'base64url')
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12), { authTagLength: 16 })
      decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(12, 28))
      return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
    },
  }
}
