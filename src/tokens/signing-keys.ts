import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { SigningKeyStore, SigningKeyUse, StoredSigningKey } from './signing-key-store.ts'

export interface SigningKeysDependencies {
  readonly store: SigningKeyStore
  readonly box: SealedBox
  readonly clock: Clock
}

/** The keys of one use, opened: the newest signs, all are published. */
export interface SigningKeys {
  readonly keyId: string
  readonly privateKey: CryptoKey
  /** Public halves only. */
  readonly published: readonly JWK[]
}

const purpose = (use: SigningKeyUse, id: string) => `signing key ${use} ${id}`

/**
 * Opens the signing keys of one use, making the first when there is none. Replicas that start together agree on one.
 * Throws `Failure` `secrets_key_wrong` when the stored keys were sealed with another `secretsKey`.
 */
export async function openSigningKeys(
  use: SigningKeyUse,
  parts: SigningKeysDependencies,
): Promise<SigningKeys> {
  const { store } = parts
  let stored = await store.list(use)
  if (stored.length === 0) stored = await store.addFirst(await newSigningKey(use, parts))
  const newest = stored[0]
  if (newest === undefined) throw new Error('the store kept no signing key')
  const privateKey = await importJWK(unseal(newest, parts.box), 'ES256')
  if (privateKey instanceof Uint8Array) throw new Error('a signing key is no key pair')
  const published = stored.map(({ publicJwk }) => JSON.parse(publicJwk) as JWK)
  return { keyId: newest.id, privateKey, published }
}

/** A new key pair for a use, its private half sealed. */
export async function newSigningKey(
  use: SigningKeyUse,
  { box, clock }: Omit<SigningKeysDependencies, 'store'>,
): Promise<StoredSigningKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const publicPart = await exportJWK(publicKey)
  const id = await calculateJwkThumbprint(publicPart)
  const publicJwk = JSON.stringify({ ...publicPart, kid: id, alg: 'ES256', use: 'sig' })
  const sealedPrivateJwk = box.seal(JSON.stringify(await exportJWK(privateKey)), purpose(use, id))
  return { id, use, publicJwk, sealedPrivateJwk, createdAt: clock.now() }
}

/** The private half of a stored key. Throws `Failure` `secrets_key_wrong` when it was sealed with another `secretsKey`. */
export function unseal({ id, use, sealedPrivateJwk }: StoredSigningKey, box: SealedBox): JWK {
  try {
    return JSON.parse(box.open(sealedPrivateJwk, purpose(use, id))) as JWK
  } catch (cause) {
    throw new Failure({
      code: 'secrets_key_wrong',
      status: 500,
      message: 'the stored signing keys were encrypted with another secretsKey',
      fix: 'set secretsKey to the one this store was made with',
      cause,
    })
  }
}
