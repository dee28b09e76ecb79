/** Somebody with an account here, acting inside one workspace. */
export interface UserPrincipal {
  readonly kind: 'user'
  readonly issuer: string
  readonly subject: string
  readonly workspace: string
  readonly scopes: readonly string[]
  /** The id of the credential presented (an API key's public id, an access token's `jti`), for audit; never the secret. */
  readonly credentialId: string
  /** The OAuth client acting for the user; absent when the user's own key was presented. */
  readonly clientId?: string
  /** Upstream names the credential is limited to; empty means every one. */
  readonly upstreams: readonly string[]
  /** The person's own part in pseudonyms; gone when the person is erased. */
  readonly attributionSalt: string
}

/** An OAuth client that acts for itself (`client_credentials`), inside the one workspace it is bound to. */
export interface ServicePrincipal {
  readonly kind: 'service'
  readonly issuer: string
  /** `svc_…` */
  readonly subject: string
  readonly workspace: string
  readonly scopes: readonly string[]
  readonly clientId: string
  /** The id of the token presented. */
  readonly credentialId: string
}

/** The holder of the admin token. Bound to no workspace, never a user. */
export interface AdminPrincipal {
  readonly kind: 'admin'
  readonly issuer: string
  readonly subject: 'admin'
}

/**
 * Somebody known to us only by a key whose authority is the upstream: we never say that the key is valid. The issuer
 * is the upstream's name, the subject a keyed hash of the key.
 */
export interface ExternalPrincipal {
  readonly kind: 'external'
  readonly issuer: string
  readonly subject: string
  readonly workspace: string
}

/** Nobody known to us. A kind of its own: it has no subject that could be attributed by mistake (T12). */
export interface AnonymousPrincipal {
  readonly kind: 'anonymous'
}

/** The caller of one request, keyed by (issuer, subject). */
export type Principal =
  | UserPrincipal
  | ServicePrincipal
  | AdminPrincipal
  | ExternalPrincipal
  | AnonymousPrincipal

export const anonymous: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' })

/** The workspace a principal is walled into; null for those bound to none. */
export function workspaceOf(principal: Principal): string | null {
  return 'workspace' in principal ? principal.workspace : null
}

/** The OAuth client that acts for a principal, or is it; null when there is none. */
export function clientOf(principal: Principal): string | null {
  return 'clientId' in principal ? (principal.clientId ?? null) : null
}

/** The public id of the credential that was presented; null for those who have none of ours. */
export function credentialOf(principal: Principal): string | null {
  return 'credentialId' in principal ? principal.credentialId : null
}
