import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client'
import { judgeErrorCode, outageIn } from './verdict.ts'
import type { Denial } from './verdict.ts'

/** Answers that are no answers: another status, no JSON, cut off. */
const broken: ReadonlySet<string> = new Set([
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_HTTP_REQUEST_FORBIDDEN',
  'OAUTH_REQUEST_PROTOCOL_FORBIDDEN',
  'OAUTH_MISSING_SERVER_METADATA',
  'OAUTH_INVALID_SERVER_METADATA',
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
])

/** What the library's error means for the person. Null when the fault is ours. The library's codes are its own words. */
export function judgeOpenidError(error: unknown): Denial | null {
  const outage = outageIn(error)
  if (outage !== null) return outage
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError)
    return judgeErrorCode(error.error)
  if (error instanceof WWWAuthenticateChallengeError)
    return { unavailable: 'it did not take our credentials' }
  if (!(error instanceof ClientError)) return null
  const { code = 'OAUTH_UNKNOWN' } = error
  return broken.has(code)
    ? { unavailable: `its answer cannot be read (${code})` }
    : { refused: `its answer failed a check (${code})` }
}
