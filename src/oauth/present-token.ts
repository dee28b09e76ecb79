import type { AdapterPayload } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
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

/** An access token of ours that could be used right now; null for any other. */
export async function findLiveToken(
  token: string,
  { verify, accessTokens, clock }: Omit<PresentTokenDependencies, 'random'>,
): Promise<LiveToken | null> {
  const verdict = await verify(token)
  if (verdict === 'not_mine' || !('verified' in verdict)) return null
  const { verified } = verdict
  const stored = await accessTokens.findForCall(verified.id)
  if (stored === undefined || stored.revokedAt !== null || stored.expiresAt <= clock.now()) return null
  if (stored.consentRevoked || stored.userInactive || stored.clientStatus !== 'active') return null
  return { verified, stored }
}

/** What the library is given of an access token: a handle of this request, and what it would have kept itself. */
export async function presentToken(token: string, parts: PresentTokenDependencies): Promise<PresentedToken> {
  const handle = Buffer.from(parts.random.bytes(32)).toString('base64url')
  const live = await findLiveToken(token, parts)
  return { handle, payload: live === null ? {} : payloadOf(live.verified) }
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
