/** The JWT `typ` of our access tokens (RFC 9068 section 2.1): an ID token or an assertion cannot pass for one (T49). */
export const accessTokenType = 'at+jwt'

/** What signs them; nothing else is accepted (no algorithm confusion). */
export const accessTokenAlgorithm = 'ES256'

/** The claims of an access token of ours (RFC 9068 section 2.2). Times in seconds since the epoch. */
export interface AccessTokenClaims {
  /** publicUrl, byte for byte. */
  readonly iss: string
  /** `usr_…` for a person, `svc_…` for a client that acts for itself. */
  readonly sub: string
  /** The one resource, as its metadata names it. */
  readonly aud: string
  readonly exp: number
  readonly iat: number
  readonly jti: string
  readonly client_id: string
  /** Scopes with one space between them; '' when there are none. */
  readonly scope: string
  readonly workspace: string
  /** The consent behind it; absent for a client that acts for itself. */
  readonly grant_id?: string
}

/** `sub` of a client that acts for itself: never a user's, never the admin token's. */
export function serviceSubject(clientId: string): string {
  return `svc_${clientId}`
}
