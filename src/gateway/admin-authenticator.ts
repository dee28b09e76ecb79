import { sameSecret } from '../lib/hash.ts'
import type { AdminPrincipal } from '../principal/principal.ts'
import type { Authenticator } from './authenticate.ts'

/** Judges the admin token, where the operator lets it reach MCP endpoints. It acts as `admin`, never as a user. */
export function createAdminAuthenticator(options: { issuer: string; adminToken: string }): Authenticator {
  const admin: AdminPrincipal = { kind: 'admin', issuer: options.issuer, subject: 'admin' }
  return (credential) => {
    if (credential.kind !== 'bearer') return 'not_mine'
    return sameSecret(credential.token.reveal(), options.adminToken) ? { identified: admin } : 'not_mine'
  }
}
