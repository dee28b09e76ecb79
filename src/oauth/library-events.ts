import type { EventEmitter } from 'node:events'
import { errors } from 'oidc-provider'
import type Provider from 'oidc-provider'
import type { KoaContextWithOIDC } from 'oidc-provider'
import type { Emit } from '../telemetry/telemetry.ts'
import type { RejectionReason } from '../telemetry/vocabulary.ts'
import { requestState } from './request-state.ts'

export interface LibraryEventsDependencies {
  readonly emit: Emit
  /** A request is refused because of who sent it: told once for each. */
  readonly refused: (reason: RejectionReason) => void
  /** The library failed, or something under it. */
  readonly failed: (error: unknown) => void
}

const refusals = [
  'authorization.error',
  'grant.error',
  'device_authorization.error',
  'code_verification.error',
  'device_resume.error',
  'introspection.error',
  'revocation.error',
] as const

/** Says in our words what the library says in its own. */
export function listenToLibrary(
  library: Provider,
  { emit, refused, failed }: LibraryEventsDependencies,
): void {
  library.on('server_error', (_, error) => {
    requestState().failure = error
    failed(error)
  })
  // What the web framework below it says by itself; without a listener it would write to standard error.
  ;(library as EventEmitter).on('error', failed)
  library.on('grant.success', ({ oidc }) => {
    if (oidc.params?.['grant_type'] === 'refresh_token') emit('token_refreshed', { outcome: 'success' })
  })
  library.on('grant.error', ({ oidc }, error) => {
    const isRefresh = oidc.params?.['grant_type'] === 'refresh_token'
    if (!isRefresh || !(error instanceof errors.InvalidGrant)) return
    emit('token_refreshed', { outcome: requestState().refresh ?? 'invalid' })
  })
  for (const event of refusals) {
    library.on(event as 'grant.error', (ctx: KoaContextWithOIDC, error: Error) => {
      const reason = rejectionOf(ctx, error)
      if (reason !== null) refused(reason)
    })
  }
}

/** Why a request is refused; null where it is nothing about who sent it. */
export function rejectionOf(ctx: KoaContextWithOIDC, error: Error): RejectionReason | null {
  return requestState().reason ?? reasonOf(ctx, error)
}

/** Why a request is refused, where it was not known before; null where it is nothing about who sent it. */
function reasonOf({ oidc }: KoaContextWithOIDC, error: Error): RejectionReason | null {
  const detail = 'error_detail' in error && typeof error.error_detail === 'string' ? error.error_detail : ''
  if (error instanceof errors.InvalidClientAuth) return 'bad_client_auth'
  if (error instanceof errors.InvalidClient) return 'unknown_client'
  if (error instanceof errors.InvalidRedirectUri) return 'redirect_mismatch'
  if (error instanceof errors.InvalidTarget) return 'unknown_resource'
  if (error instanceof errors.InvalidGrant) {
    if (/code_verifier|code_challenge/.test(detail)) return 'pkce_failed'
    // What was issued to one client is presented by another.
    if (detail === 'client mismatch') return 'bad_client_auth'
    return detail.includes('redirect_uri') ? 'redirect_mismatch' : null
  }
  if (!(error instanceof errors.InvalidRequest)) return null
  const said = error.error_description ?? ''
  if (/PKCE|code_challenge|code_verifier/.test(said)) return 'pkce_failed'
  if (/xsrf|device form/.test(said)) return 'csrf_failed'
  return oidc.route === 'token' && /client auth|client_secret|authorization header/i.test(said)
    ? 'bad_client_auth'
    : null
}
