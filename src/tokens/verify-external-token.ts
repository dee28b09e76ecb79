import { compactVerify, errors } from 'jose'
import type { CryptoKey } from 'jose'
import type { ExternalIssuer } from '../config/issuer-options.ts'
import { judgeClaims, mayBeAccessToken } from './external-claims.ts'
import type { ExternalCaller } from './external-claims.ts'
import { readJwt } from './read-jwt.ts'
import type { UnverifiedJwt } from './read-jwt.ts'
import { createRemoteJwks } from './remote-jwks.ts'
import type { RemoteJwks, RemoteJwksDependencies } from './remote-jwks.ts'
import { judgeTimes, leewaySeconds } from './token-verdict.ts'
import type { TokenVerdict } from './token-verdict.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** Signatures with a public key. What is not here is refused: `none`, and every kind of HMAC. */
const algorithms: readonly string[] = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
]

/** A withdrawn key stops to count after this at the latest, whatever a token says of its end. */
const longestKeptMs = 300_000

type Verdict = TokenVerdict<ExternalCaller>

/**
 * Makes the verifier of tokens of other issuers, each found by its exact `iss`. A token of nobody configured is
 * `unknown_issuer`; what is no JWT is not ours to judge. What such an issuer has revoked holds here until it expires:
 * only it could say.
 */
export function createExternalVerifier(
  issuers: readonly ExternalIssuer[],
  dependencies: RemoteJwksDependencies,
): (token: string) => Verdict | Promise<Verdict> {
  const known = new VerifiedTokens<ExternalCaller>(dependencies)
  const trusted = new Map(
    issuers.map((issuer) => [
      issuer.issuer,
      { issuer, jwks: createRemoteJwks(issuer.jwksUri, dependencies) },
    ]),
  )
  const { clock } = dependencies

  const inTime = (verified: ExternalCaller): Exclude<Verdict, 'not_mine'> => {
    const late = judgeTimes(verified.times, clock.now())
    return late === null ? { verified } : { refused: late }
  }

  const verify = async (
    token: string,
    jwt: UnverifiedJwt,
    { issuer, jwks }: { readonly issuer: ExternalIssuer; readonly jwks: RemoteJwks },
  ): Promise<Verdict> => {
    const found = await jwks.find(jwt.header)
    if ('unavailable' in found) return found
    if (!(await isSignedByOneOf(token, found.keys))) return { refused: 'bad_signature' }
    const verdict = judgeClaims(jwt, issuer, token)
    if (!('verified' in verdict)) return verdict
    const { verified } = verdict
    const until = Math.min((verified.times.exp + leewaySeconds) * 1000, clock.now() + longestKeptMs)
    const judged = inTime(verified)
    if ('verified' in judged) known.keep(token, verified, until)
    return judged
  }

  return (token) => {
    const before = known.find(token)
    if (before !== undefined) return inTime(before)
    const jwt = readJwt(token)
    if (jwt === null) return 'not_mine'
    const { iss } = jwt.payload
    if (typeof iss !== 'string') return { refused: 'malformed_token' }
    const issuer = trusted.get(iss)
    if (issuer === undefined) return { refused: 'unknown_issuer' }
    const { alg, crit } = jwt.header
    if (typeof alg !== 'string' || !algorithms.includes(alg)) return { refused: 'bad_algorithm' }
    if (crit !== undefined) return { refused: 'malformed_token' }
    if (!mayBeAccessToken(jwt, issuer.issuer))
      return { refused: 'malformed_token', hint: 'it is no access token' }
    known.missed()
    return verify(token, jwt, issuer)
  }
}

async function isSignedByOneOf(token: string, keys: readonly CryptoKey[]): Promise<boolean> {
  for (const key of keys) {
    try {
      await compactVerify(token, key, { algorithms: [...algorithms] })
      return true
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error
    }
  }
  return false
}
