import type { ExternalIssuer } from '../config/issuer-options.ts'
import { scopeProblem, workspaceProblem } from '../config/problems.ts'
import { sha256Hex } from '../lib/hash.ts'
import type { UnverifiedJwt } from './read-jwt.ts'
import { saysAccessToken, timesOf } from './token-verdict.ts'
import type { TokenTimes, TokenVerdict } from './token-verdict.ts'

/** What a verified token of another issuer says of its caller. */
export interface ExternalCaller {
  readonly issuer: string
  readonly subject: string
  readonly workspace: string
  readonly scopes: readonly string[]
  readonly clientId: string | null
  /** `jti`, or a hash where there is none; never the token. */
  readonly credentialId: string
  readonly times: TokenTimes
}

const mostScopes = 200

/** Claims that only ID tokens have (OpenID Connect Core sections 2 and 3.3.2.11). */
const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash']

/**
 * Whether it can be an access token. `at+jwt` says so (RFC 9068). Many issuers say `JWT`, or nothing: then a token is
 * taken for one when it names its scopes or its client, and nothing says that it is an ID token (T49).
 */
export function mayBeAccessToken({ header, payload }: UnverifiedJwt, issuer: ExternalIssuer): boolean {
  const { typ } = header
  if (saysAccessToken(typ)) return true
  if (typ !== undefined && !(typeof typ === 'string' && /^(?:application\/)?jwt$/i.test(typ))) return false
  if (idTokenClaims.some((claim) => payload[claim] !== undefined)) return false
  const kind = payload['typ'] ?? payload['token_use']
  if (typeof kind === 'string' && /^(?:id|refresh|logout)/i.test(kind)) return false
  return scopesIn(payload, issuer) !== null || isText(payload['client_id']) || isText(payload['cid'])
}

/** Judges what a token says, its signature and times apart: audience, subject and workspace. */
export function judgeClaims(
  { payload }: UnverifiedJwt,
  issuer: ExternalIssuer,
  token: string,
): Exclude<TokenVerdict<ExternalCaller>, 'not_mine'> {
  const times = timesOf(payload)
  const { sub, aud, jti } = payload
  if (times === null || !isText(sub) || !/^[^\p{Cc}]{1,255}$/u.test(sub))
    return { refused: 'malformed_token' }
  const audiences = Array.isArray(aud) ? (aud as unknown[]) : [aud]
  if (!audiences.includes(issuer.audience)) return { refused: 'wrong_audience' }
  const workspace = 'name' in issuer.workspace ? issuer.workspace.name : payload[issuer.workspace.claim]
  if (!isText(workspace) || workspaceProblem(workspace) !== null)
    return { refused: 'upstream_not_allowed', hint: 'its claims name no workspace' }
  return {
    verified: {
      issuer: issuer.issuer,
      subject: sub,
      workspace,
      scopes: scopesIn(payload, issuer) ?? [],
      clientId: clientIn(payload),
      credentialId: isText(jti) && /^[\x21-\x7e]{1,128}$/.test(jti) ? jti : sha256Hex(token).slice(0, 32),
      times,
    },
  }
}

/** The client it was issued to, by the names issuers have for it. */
function clientIn(payload: UnverifiedJwt['payload']): string | null {
  const named = [payload['client_id'], payload['azp'], payload['cid'], payload['appid']].find(isText)
  return named === undefined || !/^[\x21-\x7e]{1,512}$/.test(named) ? null : named
}

/** Its scopes: words in one text, or a list; null when the claim is not there. */
function scopesIn(
  payload: UnverifiedJwt['payload'],
  { scopesClaim }: ExternalIssuer,
): readonly string[] | null {
  const claim = scopesClaim === null ? (payload['scope'] ?? payload['scp']) : payload[scopesClaim]
  const words =
    typeof claim === 'string' ? claim.split(' ') : Array.isArray(claim) ? (claim as unknown[]) : null
  if (words === null) return null
  return words.filter((word) => isText(word) && scopeProblem(word) === null).slice(0, mostScopes) as string[]
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}
