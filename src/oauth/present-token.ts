import type { AdapterPayload } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import type { RandomSource } from '../lib/random.ts'
import type { RejectionReason } from '../telemetry/vocabulary.ts'
import { endOf } from '../tokens/access-token-end.ts'
import type { AccessTokenForCall, AccessTokenStore } from '../tokens/access-token-store.ts'
import type { VerifiedAccessToken, VerifyAccessToken } from '../tokens/verify-access-token.ts'
import type { PresentedToken } from './request-state.ts'

export interface PresentTokenDependencies {
  readonly verify: VerifyAccessToken
  readonly accessTokens: AccessTokenStore
  readonly clock: Clock
  readonly random: RandomSource
}

export interface LiveToken {
  readonly verified: VerifiedAccessToken
  readonly stored: AccessTokenForCall
}

/** An access token of ours that could be used right now; for any other, why not. */
export async function findLiveToken(
  token: string,
  { verify, accessTokens, clock }: Omit<PresentTokenDependencies, 'random'>,
): Promise<LiveToken | { readonly refused: RejectionReason }> {
  const verdict = await verify(token)
  if (verdict === 'not_mine') return { refused: 'malformed_token' }
  if ('refused' in verdict) return verdict
  if ('unavailable' in verdict) throw keysUnavailable(verdict.unavailable)
  const { verified } = verdict
  const stored = await accessTokens.findForCall(verified.id)
  const ended = endOf(verified, stored)
  if (stored === undefined || ended !== null) return { refused: ended ?? 'revoked_token' }
  return stored.expiresAt <= clock.now() ? { refused: 'expired' } : { verified, stored }
}

/** What the library is given of an access token: a handle of this request, and what it would have kept itself. */
export async function presentToken(token: string, parts: PresentTokenDependencies): Promise<PresentedToken> {
  const handle = Buffer.from(parts.random.bytes(32)).toString('base64url')
  const live = await findLiveToken(token, parts)
  return { handle, payload: 'refused' in live ? {} : payloadOf(live.verified) }
}

function keysUnavailable(detail: string): Failure {
  const message = 'The keys of access tokens cannot be read'
  return new Failure({ code: 'keys_unavailable', status: 503, message, detail })
}

function payloadOf({
  id,
  clientId,
  subject,
  scopes,
  grantId,
  audiences,
  times,
  workspace,
}: VerifiedAccessToken) {
  const isService = grantId === null
  const payload: AdapterPayload = {
    kind: isService ? 'ClientCredentials' : 'AccessToken',
    jti: id,
    clientId,
    scope: scopes.join(' '),
    aud: audiences[0],
    exp: times.exp,
    iat: times.iat ?? undefined,
    extra: isService ? { sub: subject, workspace } : { workspace },
    ...(isService ? {} : { accountId: subject, grantId }),
  }
  return payload
}
