import { SignJWT } from 'jose'
import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { Principal } from '../principal/principal.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { SigningKeys } from './signing-keys.ts'

/** The JWT `typ` upstreams must require: an ID or access token of the same issuer cannot pass for one (T49). */
export const assertionType = 'sallyport-assertion+jwt'

/** `sub` of the admin token: no access token may have it. */
export const adminSubject = 'svc_admin'

const lifetimeSeconds = 300
const renewBeforeMs = 60_000
const mostCached = 10_000

export interface AssertionsOptions {
  /** `iss`: publicUrl. */
  readonly issuer: string
}

export interface AssertionsDependencies {
  readonly keys: SigningKeys
  readonly clock: Clock
  readonly emit: Emit
}

interface Cached {
  readonly token: string
  readonly renewAt: number
}

/** The latest assertion of one principal object: the same object has the same claims, so no text need be compared. */
interface Latest extends Cached {
  readonly audience: string
}

/** Mints the short-lived tokens that tell an upstream who is calling. */
export class Assertions {
  readonly #issuer: string
  readonly #keys: SigningKeys
  readonly #clock: Clock
  readonly #emit: Emit
  readonly #cached = new Map<string, Cached>()
  readonly #latest = new WeakMap<Principal, Latest>()
  readonly #pending = new Map<string, Promise<string>>()

  constructor({ issuer }: AssertionsOptions, { keys, clock, emit }: AssertionsDependencies) {
    this.#issuer = issuer
    this.#keys = keys
    this.#clock = clock
    this.#emit = emit
  }

  /**
   * The assertion of a principal for one audience; null for the anonymous, of whom nothing can be asserted. Cached by
   * its whole claim set until a minute before it ends (T48).
   */
  mint(principal: Principal, audience: string): string | Promise<string> | null {
    const now = this.#clock.now()
    const latest = this.#latest.get(principal)
    if (latest !== undefined && latest.audience === audience && latest.renewAt > now) {
      this.#tell(true)
      return latest.token
    }
    const claims = claimsOf(principal, this.#issuer)
    if (claims === null) return null
    const key = JSON.stringify([audience, claims])
    const cached = this.#cached.get(key)
    const isFresh = cached !== undefined && cached.renewAt > now
    this.#tell(isFresh)
    if (isFresh) {
      this.#latest.set(principal, { ...cached, audience })
      return cached.token
    }
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const minted = this.#sign(claims, audience, key).finally(() => this.#pending.delete(key))
    this.#pending.set(key, minted)
    return minted
  }

  #tell(isHit: boolean): void {
    this.#emit('cache_used', { cache: 'assertion', outcome: isHit ? 'hit' : 'miss' })
  }

  async #sign(claims: AssertionClaims, audience: string, key: string): Promise<string> {
    const now = this.#clock.now()
    const issuedAt = Math.floor(now / 1000)
    const token = await new SignJWT({ ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: assertionType, kid: this.#keys.keyId })
      .setIssuer(this.#issuer)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + lifetimeSeconds)
      .sign(this.#keys.privateKey)
    if (this.#cached.size >= mostCached) this.#forgetOldest()
    this.#cached.delete(key)
    this.#cached.set(key, { token, renewAt: now + lifetimeSeconds * 1000 - renewBeforeMs })
    return token
  }

  #forgetOldest(): void {
    for (const key of this.#cached.keys()) {
      this.#cached.delete(key)
      return
    }
  }
}

interface AssertionClaims {
  readonly sub: string
  readonly workspace?: string
  readonly client_id?: string
  readonly scope: string
}

/**
 * `sub` is unique across issuers: `usr_…` for our users, `svc_…` for clients that act for themselves, `svc_admin` for
 * the admin token, `ext_…` for others' users and keys (T3).
 */
function claimsOf(principal: Principal, ownIssuer: string): AssertionClaims | null {
  switch (principal.kind) {
    case 'anonymous':
      return null
    case 'external':
      return {
        sub: externalSubject(principal),
        workspace: principal.workspace,
        scope: '',
      }
    case 'admin':
      return { sub: adminSubject, scope: '*' }
    case 'service':
    case 'user': {
      const { issuer, subject, workspace, clientId, scopes } = principal
      const sub = issuer === ownIssuer ? subject : externalSubject(principal)
      const scope = scopes.join(' ')
      return { sub, workspace, scope, ...(clientId === undefined ? {} : { client_id: clientId }) }
    }
  }
}

/** Two issuers may have the same subject: each is part of the other's name here. */
function externalSubject({ issuer, subject }: { issuer: string; subject: string }): string {
  return `ext_${sha256Hex(`${issuer}\n${subject}`).slice(0, 32)}`
}
