import { importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { accessTokenAlgorithm } from './access-token.ts'
import type { StoredSigningKey } from './signing-key-store.ts'
import { newSigningKey, unseal } from './signing-keys.ts'
import type { SigningKeysDependencies } from './signing-keys.ts'

export interface AccessTokenSigningOptions {
  /** Milliseconds after which a new key takes over. */
  readonly rotateAfterMs: number
  /** Milliseconds the longest-lived thing signed here lives. */
  readonly longestLifeMs: number
}

/** A new key is published this long before it signs: every replica, and whoever keeps our keys, knows it by then. */
const publishedBeforeMs = 600_000

interface OpenKey {
  readonly id: string
  readonly publicJwk: JWK
  readonly publicKey: CryptoKey
}

/**
 * The keys that sign access tokens and ID tokens, several at a time: one signs, the next is published before it does,
 * and old ones stay as long as anything they signed. `refresh` is called every minute or so on each replica.
 */
export class AccessTokenSigning {
  readonly #options: AccessTokenSigningOptions
  readonly #parts: SigningKeysDependencies
  /** Newest first. */
  #keys: readonly OpenKey[] = []
  #stored: readonly StoredSigningKey[] = []

  private constructor(options: AccessTokenSigningOptions, parts: SigningKeysDependencies) {
    this.#options = options
    this.#parts = parts
  }

  /** Opens the keys, making the first when there is none. Throws `Failure` `secrets_key_wrong`. */
  static async open(
    options: AccessTokenSigningOptions,
    parts: SigningKeysDependencies,
  ): Promise<AccessTokenSigning> {
    const signing = new AccessTokenSigning(options, parts)
    let stored = await parts.store.list('access_token')
    if (stored.length === 0) stored = await parts.store.addFirst(await newSigningKey('access_token', parts))
    await signing.#take(stored)
    return signing
  }

  /** Public halves of all, those that do not sign yet included. */
  get published(): readonly JWK[] {
    return this.#keys.map(({ publicJwk }) => publicJwk)
  }

  /** `kid` of the key that signs now. */
  get currentId(): string {
    return this.#signing().id
  }

  /** The private JWK that signs now. */
  unsealCurrent(): JWK {
    const stored = this.#signing()
    return { ...unseal(stored, this.#parts.box), kid: stored.id, alg: accessTokenAlgorithm, use: 'sig' }
  }

  /** The public key of an id. Replicas know each key before it signs, so one not known here is none of ours. */
  find(keyId: string): CryptoKey | undefined {
    return this.#keys.find(({ id }) => id === keyId)?.publicKey
  }

  /** Takes over what other replicas changed, makes a new key when it is time, and forgets keys that verify nothing. */
  async refresh(): Promise<void> {
    const { store, clock } = this.#parts
    let stored = await store.list('access_token')
    const now = clock.now()
    const newest = stored[0]
    if (newest !== undefined && newest.createdAt + this.#options.rotateAfterMs <= now) {
      stored = await store.addAfter(newest.id, await newSigningKey('access_token', this.#parts))
    }
    const ended = stored.filter((_, index) => this.#hasEnded(stored[index - 1], now))
    await store.remove(ended.map(({ id }) => id))
    await this.#take(stored.filter((key) => !ended.includes(key)))
  }

  #signing(): StoredSigningKey {
    const now = this.#parts.clock.now()
    const ready = this.#stored.find(({ createdAt }) => createdAt + publishedBeforeMs <= now)
    // The first key of all has nobody to wait for.
    const stored = ready ?? this.#stored.at(-1)
    if (stored === undefined) throw new Error('there is no key for access tokens')
    return stored
  }

  /** Whether whatever a key signed has ended, by when its successor took over. */
  #hasEnded(successor: StoredSigningKey | undefined, now: number): boolean {
    if (successor === undefined) return false
    const lastUse = successor.createdAt + publishedBeforeMs
    // Twice the time a replica may take to notice, so that none signs with a key that is gone.
    return lastUse + this.#options.longestLifeMs + 2 * publishedBeforeMs <= now
  }

  async #take(stored: readonly StoredSigningKey[]): Promise<void> {
    this.#keys = await Promise.all(stored.map(open))
    this.#stored = stored
  }
}

async function open({ id, publicJwk }: StoredSigningKey): Promise<OpenKey> {
  const jwk = JSON.parse(publicJwk) as JWK
  const publicKey = await importJWK(jwk, accessTokenAlgorithm)
  if (publicKey instanceof Uint8Array) throw new Error('a signing key is no key pair')
  return { id, publicJwk: jwk, publicKey }
}
