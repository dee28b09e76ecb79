import type { Configuration } from 'oidc-provider'
import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { accessTokenType, serviceSubject } from '../tokens/access-token.ts'
import type { AccessTokenClaims } from '../tokens/access-token.ts'
import type { AccessTokenStore } from '../tokens/access-token-store.ts'
import type { ClientDirectory } from './client-directory.ts'
import { grantTypeOf } from './grant-type.ts'
import { requestState } from './request-state.ts'

export interface TokenIssueOptions {
  readonly issuer: string
  readonly accessSeconds: number
}

export interface TokenIssueDependencies {
  readonly accessTokens: AccessTokenStore
  readonly clients: ClientDirectory
  readonly clock: Clock
  readonly emit: Emit
}

type Customize = NonNullable<NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']>

/**
 * What an access token says (RFC 9068 section 2.2), decided at its very end: the token is written to the store first, so
 * none is ever out that a revocation could not find.
 */
export function createTokenIssue(
  { issuer, accessSeconds }: TokenIssueOptions,
  { accessTokens, clients, clock, emit }: TokenIssueDependencies,
): Customize {
  return async (_, token, parts) => {
    const { consent, client, familyId, refreshTokenHash } = requestState()
    const issuedAt = clock.now()
    const iat = Math.floor(issuedAt / 1000)
    const clientId = token.clientId ?? ''
    const isService = token.kind === 'ClientCredentials'
    const workspace = isService ? client?.workspace : consent?.workspace
    if (workspace === undefined || workspace === null) throw new Error('a token would belong to no workspace')
    const { aud } = token
    if (typeof aud !== 'string') throw new Error('a token would have no audience')
    const claims: AccessTokenClaims = {
      iss: issuer,
      sub: isService ? serviceSubject(clientId) : (consent?.userId ?? ''),
      aud,
      exp: iat + accessSeconds,
      iat,
      jti: token.jti,
      client_id: clientId,
      scope: token.scope ?? '',
      workspace,
      ...(consent === null ? {} : { grant_id: consent.id }),
    }
    await accessTokens.record({
      id: claims.jti,
      consentId: consent?.id ?? null,
      userId: consent?.userId ?? null,
      familyId,
      clientId,
      workspace,
      refreshTokenHash,
      issuedAt,
      expiresAt: claims.exp * 1000,
    })
    requestState().accessTokenId = claims.jti
    emit('token_issued', { token_type: 'access', grant_type: grantTypeOf() })
    clients.noteUse(clientId)
    parts.header = { typ: accessTokenType }
    parts.payload = { ...claims }
  }
}
