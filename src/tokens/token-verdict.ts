import type { RejectionReason } from '../telemetry/vocabulary.ts'

/** Why a token is not taken. */
export type TokenRefusal = Extract<
  RejectionReason,
  | 'malformed_token'
  | 'expired'
  | 'not_yet_valid'
  | 'bad_signature'
  | 'bad_algorithm'
  | 'unknown_issuer'
  | 'wrong_audience'
  | 'upstream_not_allowed'
>

/** What a verifier says of a token. */
export type TokenVerdict<Verified> =
  | { readonly verified: Verified }
  /** `hint` says more to the caller: our own words, nothing of the token. */
  | { readonly refused: TokenRefusal; readonly hint?: string }
  /** The keys could not be asked for: nothing can be said of the token. The text is for the log. */
  | { readonly unavailable: string }
  /** Of another issuer, or no JWT at all. */
  | 'not_mine'

/** Clocks differ: seconds a token may be used early or late. */
export const leewaySeconds = 5

export interface TokenTimes {
  readonly exp: number
  readonly nbf: number | null
  readonly iat: number | null
}

/** The times of a token, in seconds since the epoch; null when one is no number, or `exp` is missing. */
export function timesOf({ exp, nbf, iat }: Readonly<Record<string, unknown>>): TokenTimes | null {
  if (!isTime(exp) || !isOptionalTime(nbf) || !isOptionalTime(iat)) return null
  return { exp, nbf: nbf ?? null, iat: iat ?? null }
}

/** Judges them at a time in epoch milliseconds (RFC 7519 section 4.1); null when the token is in time. */
export function judgeTimes({ exp, nbf, iat }: TokenTimes, now: number): 'expired' | 'not_yet_valid' | null {
  const seconds = now / 1000
  if (seconds >= exp + leewaySeconds) return 'expired'
  return Math.max(nbf ?? 0, iat ?? 0) > seconds + leewaySeconds ? 'not_yet_valid' : null
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

function isOptionalTime(value: unknown): value is number | undefined {
  return value === undefined || isTime(value)
}

/** Whether a `typ` says access token (RFC 9068 section 4): a media type, in any letter case. */
export function saysAccessToken(typ: unknown): boolean {
  return typeof typ === 'string' && /^(?:application\/)?at\+jwt$/i.test(typ)
}
