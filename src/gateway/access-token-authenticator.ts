import type { Clock } from '../lib/clock.ts'
import type { ServicePrincipal, UserPrincipal } from '../principal/principal.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { endOf } from '../tokens/access-token-end.ts'
import type { AccessTokenForCall, AccessTokenStore } from '../tokens/access-token-store.ts'
import { canonicalResource, resourcesOf } from '../tokens/resource.ts'
import type { TokenVerdict } from '../tokens/token-verdict.ts'
import type { VerifiedAccessToken, VerifyAccessToken } from '../tokens/verify-access-token.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { Authenticator, Verdict } from './authenticate.ts'

export interface AccessTokenAuthenticatorOptions {
  readonly publicUrl: URL
  readonly issuer: string
}

export interface AccessTokenAuthenticatorDependencies {
  readonly verify: VerifyAccessToken
  readonly accessTokens: Pick<AccessTokenStore, 'findForCall'>
  readonly clock: Clock
  readonly emit: Emit
  /** Told of each token's first use; writes are batched behind it. */
  readonly noteUse: (tokenId: string, at: number) => void
}

/**
 * Judges our own access tokens. The signature may come from a cache; token, consent, user and client are looked up
 * with every call, so that a revocation holds from the next one on.
 */
export function createAccessTokenAuthenticator(
  { publicUrl, issuer }: AccessTokenAuthenticatorOptions,
  { verify, accessTokens, clock, emit, noteUse }: AccessTokenAuthenticatorDependencies,
): Authenticator {
  const audiences = new WeakMap<Upstream, ReadonlySet<string>>()
  const principals = new WeakMap<VerifiedAccessToken, UserPrincipal | ServicePrincipal>()

  const isFor = (token: VerifiedAccessToken, upstream: Upstream) => {
    let own = audiences.get(upstream)
    if (own === undefined) {
      const resources = resourcesOf(publicUrl, upstream)
      own = new Set(resources.flatMap((resource) => canonicalResource(publicUrl, resource) ?? []))
      audiences.set(upstream, own)
    }
    return token.audiences.some((audience) => own.has(audience))
  }

  const judgeGrant = (token: VerifiedAccessToken, stored: AccessTokenForCall | undefined): Verdict => {
    const rejected = endOf(token, stored)
    if (stored === undefined || rejected !== null) return { rejected: rejected ?? 'revoked_token' }
    if (stored.usedAt === null) noteUse(stored.id, clock.now())
    const known = principals.get(token)
    if (known !== undefined && saltOf(known) === (stored.attributionSalt ?? '')) return { identified: known }
    const identified = principalOf(token, stored, issuer)
    principals.set(token, identified)
    return { identified }
  }

  const unavailable = (error: unknown): Verdict => {
    emit('store_query_failed', { operation: 'find_token' })
    return { unavailable: error instanceof Error ? error.message : 'find_token' }
  }

  const judge = (
    verdict: TokenVerdict<VerifiedAccessToken>,
    upstream: Upstream,
  ): Verdict | Promise<Verdict> => {
    if (verdict === 'not_mine') return 'not_mine'
    if ('unavailable' in verdict) return unavailable(new Error(verdict.unavailable))
    if ('refused' in verdict) return rejectionOf(verdict)
    const { verified } = verdict
    if (!isFor(verified, upstream)) return { rejected: 'wrong_audience' }
    try {
      const found = accessTokens.findForCall(verified.id)
      if (!(found instanceof Promise)) return judgeGrant(verified, found)
      return found.then((stored) => judgeGrant(verified, stored)).catch(unavailable)
    } catch (error) {
      return unavailable(error)
    }
  }

  return (credential, upstream) => {
    if (credential.kind !== 'bearer' || !upstream.accept.includes('oauth')) return 'not_mine'
    const verdict = verify(credential.token.reveal())
    return verdict instanceof Promise
      ? verdict.then((settled) => judge(settled, upstream))
      : judge(verdict, upstream)
  }
}

/** A verifier's refusal as the gateway answers it. */
export function rejectionOf({ refused, hint }: Extract<TokenVerdict<never>, { refused: unknown }>): Verdict {
  return hint === undefined ? { rejected: refused } : { rejected: refused, hint }
}

function principalOf(
  { id, subject, clientId, workspace, scopes }: VerifiedAccessToken,
  { userId, attributionSalt }: AccessTokenForCall,
  issuer: string,
): UserPrincipal | ServicePrincipal {
  const named = { issuer, subject, workspace, scopes, clientId, credentialId: id }
  return userId === null
    ? { kind: 'service', ...named }
    : { kind: 'user', ...named, upstreams: [], attributionSalt: attributionSalt ?? '' }
}

function saltOf(principal: UserPrincipal | ServicePrincipal): string {
  return principal.kind === 'user' ? principal.attributionSalt : ''
}
