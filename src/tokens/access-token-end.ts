import type { RejectionReason } from '../telemetry/vocabulary.ts'
import type { AccessTokenForCall } from './access-token-store.ts'
import { serviceSubject } from './access-token.ts'
import type { VerifiedAccessToken } from './verify-access-token.ts'

/** Why a token that is genuine and in time is good no more; null when it is good. What the caller can mend comes first. */
export function endOf(
  { subject, clientId, workspace }: VerifiedAccessToken,
  stored: AccessTokenForCall | undefined,
): RejectionReason | null {
  if (stored === undefined) return 'revoked_token'
  const owner = stored.userId ?? serviceSubject(stored.clientId)
  if (owner !== subject || stored.clientId !== clientId || stored.workspace !== workspace)
    return 'revoked_token'
  if (stored.userInactive) return 'account_inactive'
  if (stored.clientStatus === null) return 'unknown_client'
  if (stored.clientStatus === 'pending') return 'client_pending'
  if (stored.clientStatus === 'inactive') return 'client_inactive'
  return stored.revokedAt !== null || stored.consentRevoked ? 'revoked_token' : null
}
