import type { GlobalSettings } from '../config/options.ts'
import { createAccessTokenAuthenticator } from '../gateway/access-token-authenticator.ts'
import { createAdminAuthenticator } from '../gateway/admin-authenticator.ts'
import { createApiKeyAuthenticator } from '../gateway/api-key-authenticator.ts'
import type { ApiKeyAuthenticatorDependencies } from '../gateway/api-key-authenticator.ts'
import type { Authenticator } from '../gateway/authenticate.ts'
import { createExternalIssuerAuthenticator } from '../gateway/external-issuer-authenticator.ts'
import { createForwardedKeyAuthenticator } from '../gateway/forwarded-key-authenticator.ts'
import type { Clock } from '../lib/clock.ts'
import type { Fetch } from '../lib/fetch.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { AccessTokenStore } from '../tokens/access-token-store.ts'
import { baseOf } from '../tokens/resource.ts'
import { createAccessTokenVerifier } from '../tokens/verify-access-token.ts'
import type { AccessTokenKeys } from '../tokens/verify-access-token.ts'
import { createExternalVerifier } from '../tokens/verify-external-token.ts'
import { derivedKey } from './derived-key.ts'

export interface AuthenticatorsOptions {
  readonly settings: Pick<GlobalSettings, 'auth.adminOnMcp' | 'auth.adminToken' | 'auth.issuers'>
  readonly publicUrl: URL
  readonly secretsKey: string
}

export interface AuthenticatorsDependencies {
  readonly apiKeys: ApiKeyAuthenticatorDependencies['apiKeys']
  readonly accessTokens: Pick<AccessTokenStore, 'findForCall'>
  readonly accessTokenKeys: AccessTokenKeys
  readonly clock: Clock
  readonly emit: Emit
  readonly fetch: Fetch
  readonly noteKeyUse: (keyId: string, at: number) => void
  readonly noteTokenUse: (tokenId: string, at: number) => void
}

/**
 * Whoever judges credentials, in the order they are asked. An upstream that is the authority on its own keys takes no
 * others, so its own comes first; the last says of a JWT that nobody claimed that its issuer is unknown.
 */
export function createAuthenticators(
  { settings, publicUrl, secretsKey }: AuthenticatorsOptions,
  parts: AuthenticatorsDependencies,
): readonly Authenticator[] {
  const { clock, emit, fetch } = parts
  const issuer = baseOf(publicUrl)
  const adminToken = settings['auth.adminOnMcp'] ? settings['auth.adminToken'] : null
  const { apiKeys, noteKeyUse: noteUse } = parts
  const verify = createAccessTokenVerifier(
    { publicUrl, issuer },
    { keys: parts.accessTokenKeys, clock, emit },
  )
  const verifyExternal = createExternalVerifier(settings['auth.issuers'], { fetch, clock, emit })
  const { accessTokens, noteTokenUse } = parts
  return [
    createForwardedKeyAuthenticator({ subjectKey: derivedKey(secretsKey, 'external subject') }),
    createApiKeyAuthenticator({ issuer }, { apiKeys, clock, emit, noteUse }),
    createAccessTokenAuthenticator(
      { publicUrl, issuer },
      { verify, accessTokens, clock, emit, noteUse: noteTokenUse },
    ),
    ...(adminToken === null ? [] : [createAdminAuthenticator({ issuer, adminToken })]),
    createExternalIssuerAuthenticator(verifyExternal),
  ]
}
