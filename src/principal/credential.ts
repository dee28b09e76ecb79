import { Secret } from '../lib/secret.ts'

/** What the caller presented, by shape alone: nothing here was looked up, so nothing here is trusted. */
export type PresentedCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'api_key'; readonly token: Secret }
  | { readonly kind: 'bearer'; readonly token: Secret }
  | { readonly kind: 'unusable'; readonly reason: UnusableReason }

export type UnusableReason = 'malformed_header' | 'not_bearer' | 'empty_token' | 'malformed_token'

export const apiKeyPrefix = 'sp_'

const none: PresentedCredential = Object.freeze({ kind: 'none' })
const longestToken = 8192

/** RFC 6750 section 2.1 `b64token`. */
const tokenShape = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Classifies an `Authorization` field value (RFC 9110 section 11.6.2, RFC 6750 section 2.1). The one place that
 * does: the guard, the authenticators and telemetry all ask here, so all three agree on what was presented.
 */
export function classifyCredential(header: string | undefined): PresentedCredential {
  if (header === undefined) return none
  const value = header.trim()
  if (value === '') return { kind: 'unusable', reason: 'malformed_header' }
  const space = value.indexOf(' ')
  const scheme = space === -1 ? value : value.slice(0, space)
  if (scheme.toLowerCase() !== 'bearer') {
    const reason = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/.test(scheme) ? 'not_bearer' : 'malformed_header'
    return { kind: 'unusable', reason }
  }
  const token = space === -1 ? '' : value.slice(space + 1).trim()
  if (token === '') return { kind: 'unusable', reason: 'empty_token' }
  if (token.length > longestToken || !tokenShape.test(token)) {
    return { kind: 'unusable', reason: 'malformed_token' }
  }
  return { kind: token.startsWith(apiKeyPrefix) ? 'api_key' : 'bearer', token: new Secret(token) }
}
