/** Somebody with an account here, acting inside one workspace. */
export interface UserPrincipal {
  readonly kind: 'user'
  readonly issuer: string
  readonly subject: string
  readonly workspace: string
  readonly scopes: readonly string[]
  /** The id of the credential presented (an API key's public id), for audit; never the secret. */
  readonly credentialId: string
  /** The OAuth client acting for the user; absent when the user's own key was presented. */
  readonly clientId?: string
  /** Upstream names the credential is limited to; empty means every one. */
  readonly upstreams: readonly string[]
  /** The person's own part in pseudonyms; gone when the person is erased. */
  readonly attributionSalt: string
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
export type Principal = UserPrincipal | AdminPrincipal | ExternalPrincipal | AnonymousPrincipal

export const anonymous: AnonymousPrincipal = Object.freeze({ kind: 'anonymous' })

/** The workspace a principal is walled into; null for those bound to none. */
export function workspaceOf(principal: Principal): string | null {
  return principal.kind === 'user' || principal.kind === 'external' ? principal.workspace : null
}
