import type { ApiKeyForCall } from '../identity/api-key.ts'
import { apiKeyId, hashApiKey } from '../identity/api-key.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { Clock } from '../lib/clock.ts'
import { sameDigest } from '../lib/hash.ts'
import type { UserPrincipal } from '../principal/principal.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { Authenticator, Verdict } from './authenticate.ts'

export interface ApiKeyAuthenticatorOptions {
  /** The issuer of our own users: publicUrl. */
  readonly issuer: string
}

export interface ApiKeyAuthenticatorDependencies {
  readonly apiKeys: Pick<ApiKeyStore, 'findForCall'>
  readonly clock: Clock
  readonly emit: Emit
  /** Told of each accepted use; writes are batched behind it. */
  readonly noteUse: (keyId: string, at: number) => void
}

const unknownKey: Verdict = Object.freeze({ rejected: 'unknown_key' })
const noKeysHere: Verdict = Object.freeze({
  rejected: 'unknown_key',
  hint: 'this server takes access tokens only: sign in with OAuth',
})

/** Judges `sp_…` keys against the store on every call, so that a revocation holds from the next one on. */
export function createApiKeyAuthenticator(
  { issuer }: ApiKeyAuthenticatorOptions,
  { apiKeys, clock, emit, noteUse }: ApiKeyAuthenticatorDependencies,
): Authenticator {
  const principals = new WeakMap<ApiKeyForCall, UserPrincipal>()

  /** Until the secret has matched, every key is merely unknown: nothing about a key leaks to who cannot prove it. */
  const judge = (token: string, stored: ApiKeyForCall | undefined): Verdict => {
    if (stored === undefined || !sameDigest(hashApiKey(token), stored.secretHash)) return unknownKey
    const now = clock.now()
    if (stored.revokedAt !== null) return { rejected: 'revoked_key' }
    if (stored.expiresAt !== null && stored.expiresAt <= now) return { rejected: 'expired_key' }
    if (stored.ownerInactive) return { rejected: 'account_inactive' }
    noteUse(stored.id, now)
    let identified = principals.get(stored)
    if (identified === undefined) {
      identified = principalOf(stored, issuer)
      principals.set(stored, identified)
    }
    return { identified }
  }

  const unavailable = (error: unknown): Verdict => {
    emit('store_query_failed', { operation: 'find_key' })
    return { unavailable: error instanceof Error ? error.message : 'find_key' }
  }

  return (credential, { accept }) => {
    if (credential.kind !== 'api_key') return 'not_mine'
    if (!accept.includes('api_key')) return noKeysHere
    const token = credential.token.reveal()
    const id = apiKeyId(token)
    if (id === null) return unknownKey
    try {
      const found = apiKeys.findForCall(id)
      if (!(found instanceof Promise)) return judge(token, found)
      return found.then((stored) => judge(token, stored)).catch(unavailable)
    } catch (error) {
      return unavailable(error)
    }
  }
}

function principalOf(key: ApiKeyForCall, issuer: string): UserPrincipal {
  return {
    kind: 'user',
    issuer,
    subject: key.userId,
    workspace: key.workspace,
    scopes: key.scopes,
    credentialId: key.id,
    upstreams: key.upstreams,
    attributionSalt: key.attributionSalt,
  }
}
