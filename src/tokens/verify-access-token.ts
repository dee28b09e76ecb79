import type { KeyObject } from 'node:crypto'
import { compactVerify, errors } from 'jose'
import type { CryptoKey } from 'jose'
import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { accessTokenAlgorithm } from './access-token.ts'
import { readJwt } from './read-jwt.ts'
import type { UnverifiedJwt } from './read-jwt.ts'
import { canonicalResource } from './resource.ts'
import { adminSubject } from './assertion.ts'
import { judgeTimes, leewaySeconds, saysAccessToken, timesOf } from './token-verdict.ts'
import type { TokenTimes, TokenVerdict } from './token-verdict.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** The public keys of our access tokens, old ones included while tokens of theirs may live. */
export interface AccessTokenKeys {
  /** Undefined for a key that is none of ours. May throw or reject when the keys cannot be read. */
  find(keyId: string): VerificationKey | undefined | Promise<VerificationKey | undefined>
}

export type VerificationKey = CryptoKey | KeyObject

/** What a verified access token of ours says. */
export interface VerifiedAccessToken {
  readonly id: string
  readonly subject: string
  readonly clientId: string
  readonly workspace: string
  readonly scopes: readonly string[]
  /** The consent behind it; null for a client that acts for itself. */
  readonly grantId: string | null
  /** In canonical form. */
  readonly audiences: readonly string[]
  readonly times: TokenTimes
}

export interface AccessTokenVerifierOptions {
  /** publicUrl: `iss` is this without a slash at the end, byte for byte. */
  readonly publicUrl: URL
  readonly issuer: string
}

export interface AccessTokenVerifierDependencies {
  readonly keys: AccessTokenKeys
  readonly clock: Clock
  readonly emit: Emit
}

/** Verifies a token locally: form, type, algorithm, signature, issuer, times. The audience is the caller's to compare. */
export interface VerifyAccessToken {
  (token: string): TokenVerdict<VerifiedAccessToken> | Promise<TokenVerdict<VerifiedAccessToken>>
}

/**
 * Makes the verifier of our own access tokens (RFC 9068 section 4). The key is found by `kid` among our own and by
 * nothing else: `jwk`, `jku`, `x5u` and `x5c` of the header are not looked at, and `alg` cannot choose how it is used.
 */
export function createAccessTokenVerifier(
  { publicUrl, issuer }: AccessTokenVerifierOptions,
  { keys, clock, emit }: AccessTokenVerifierDependencies,
): VerifyAccessToken {
  const known = new VerifiedTokens<VerifiedAccessToken>({ clock, emit })

  const inTime = (verified: VerifiedAccessToken): Exclude<TokenVerdict<VerifiedAccessToken>, 'not_mine'> => {
    const late = judgeTimes(verified.times, clock.now())
    return late === null ? { verified } : { refused: late }
  }

  const verify = async (
    token: string,
    { payload }: UnverifiedJwt,
    keyId: string,
  ): Promise<TokenVerdict<VerifiedAccessToken>> => {
    let key: VerificationKey | undefined
    try {
      key = await keys.find(keyId)
    } catch (error) {
      return { unavailable: error instanceof Error ? error.message : 'the keys of access tokens' }
    }
    if (key === undefined || !(await isSignedBy(token, key))) return { refused: 'bad_signature' }
    const verified = claimsOf(payload, publicUrl)
    if (verified === null) return { refused: 'malformed_token' }
    const verdict = inTime(verified)
    if ('verified' in verdict) known.keep(token, verified, (verified.times.exp + leewaySeconds) * 1000)
    return verdict
  }

  return (token) => {
    const found = known.find(token)
    if (found !== undefined) return inTime(found)
    const jwt = readJwt(token)
    if (jwt === null || jwt.payload['iss'] !== issuer) return 'not_mine'
    const { typ, alg, kid, crit } = jwt.header
    if (!saysAccessToken(typ)) return { refused: 'malformed_token', hint: 'it is no access token' }
    if (alg !== accessTokenAlgorithm) return { refused: 'bad_algorithm' }
    if (crit !== undefined) return { refused: 'malformed_token' }
    if (typeof kid !== 'string') return { refused: 'bad_signature' }
    known.missed()
    return verify(token, jwt, kid)
  }
}

async function isSignedBy(token: string, key: VerificationKey): Promise<boolean> {
  try {
    await compactVerify(token, key, { algorithms: [accessTokenAlgorithm] })
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

/** The claims of a token whose signature holds; null when they are not those of an access token of ours. */
function claimsOf(payload: UnverifiedJwt['payload'], publicUrl: URL): VerifiedAccessToken | null {
  const times = timesOf(payload)
  const { sub, jti, aud, client_id: clientId, scope, workspace, grant_id: grantId } = payload
  if (times === null || times.iat === null) return null
  if (!isText(sub) || sub === adminSubject || !isText(jti) || !isText(clientId) || !isText(workspace))
    return null
  if (typeof scope !== 'string' || (grantId !== undefined && !isText(grantId))) return null
  const audiences = (Array.isArray(aud) ? (aud as unknown[]) : [aud]).flatMap((one) =>
    typeof one === 'string' ? (canonicalResource(publicUrl, one) ?? []) : [],
  )
  return {
    id: jti,
    subject: sub,
    clientId,
    workspace,
    scopes: scope.split(' ').filter((word) => word !== ''),
    grantId: grantId ?? null,
    audiences,
    times,
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
