import { createRemoteJWKSet, errors, jwtVerify } from 'jose'
import type { JWTVerifyGetKey } from 'jose'
import type { Clock } from '../../lib/clock.ts'
import { assertionType } from '../../tokens/assertion.ts'
import { callerFrom } from './caller.ts'
import type { Caller } from './caller.ts'

export interface VerifierOptions {
  /** `iss`: the gateway's public URL. Asked with each request, since an upstream starts before its gateway. */
  readonly issuer: () => string
  /** `aud`: this server's own URL, exactly as the gateway has it. */
  readonly audience: string
}

/** Answers who is calling, or null when the credential is no good assertion for us; throws when that cannot be told. */
export type VerifyAssertion = (authorization: string | null) => Promise<Caller | null>

/** Without `typ` an ID or access token of the same issuer could pass for an assertion (T49). */
export function createVerifier(
  { issuer, audience }: VerifierOptions,
  { clock }: { clock: Clock },
): VerifyAssertion {
  const keysOf = new Map<string, JWTVerifyGetKey>()
  return async (authorization) => {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) return null
    const from = issuer()
    const keys = keysOf.get(from) ?? createRemoteJWKSet(new URL(`${from}/.well-known/jwks.json`))
    keysOf.set(from, keys)
    const demands = {
      issuer: from,
      audience,
      typ: assertionType,
      algorithms: ['ES256'],
      requiredClaims: ['exp', 'sub'],
      currentDate: new Date(clock.now()),
    }
    try {
      return callerFrom((await jwtVerify(token, keys, demands)).payload)
    } catch (error) {
      if (isVerdict(error)) return null
      throw error
    }
  }
}

/** Keys that cannot be fetched say nothing about the token: that is a failure, not a 401 (T8). */
function isVerdict(error: unknown): boolean {
  if (!(error instanceof errors.JOSEError)) return false
  return error.code !== 'ERR_JWKS_TIMEOUT' && error.code !== 'ERR_JOSE_GENERIC'
}
