import type { IncomingMessage } from 'node:http'
import type { RejectionReason } from '../telemetry/vocabulary.ts'
import type { Accounts } from './accounts.ts'
import { bearerTokenOf } from './bearer-token.ts'
import { findLiveToken } from './present-token.ts'
import type { PresentTokenDependencies } from './present-token.ts'

export type UserinfoAnswer =
  | { readonly claims: { readonly sub: string; readonly email?: string } }
  | {
      readonly refused: RejectionReason
      readonly status: 401 | 403
      /** Null where no token was presented (RFC 6750 section 3.1). */
      readonly error: 'invalid_token' | 'insufficient_scope' | null
    }

export interface UserinfoDependencies extends Omit<PresentTokenDependencies, 'random'> {
  readonly accounts: Accounts
}

/** Who a token stands for (OpenID Connect Core 1.0 section 5.3): the subject, and the address if that was asked for. */
export async function answerUserinfo(
  request: Pick<IncomingMessage, 'headers'>,
  parts: UserinfoDependencies,
): Promise<UserinfoAnswer> {
  const presented = bearerTokenOf(request)
  if ('refused' in presented) {
    const error = presented.refused === 'malformed_token' ? 'invalid_token' : null
    return { refused: presented.refused, status: 401, error }
  }
  const live = await findLiveToken(presented.token, parts)
  if ('refused' in live) return { refused: live.refused, status: 401, error: 'invalid_token' }
  const { scopes } = live.verified
  if (!scopes.includes('openid'))
    return { refused: 'insufficient_scope', status: 403, error: 'insufficient_scope' }
  const { userId } = live.stored
  const account = userId === null ? undefined : await parts.accounts.find(userId)
  if (userId === null || account === undefined)
    return { refused: 'account_inactive', status: 401, error: 'invalid_token' }
  const email = scopes.includes('email') ? { email: account.email } : {}
  return { claims: { sub: userId, ...email } }
}
