import type { IncomingMessage } from 'node:http'
import type { Accounts } from './accounts.ts'
import { findLiveToken } from './present-token.ts'
import type { PresentTokenDependencies } from './present-token.ts'

export type UserinfoAnswer =
  | { readonly status: 200; readonly claims: { readonly sub: string; readonly email?: string } }
  | { readonly status: 401; readonly error: 'invalid_token' | null }
  | { readonly status: 403; readonly error: 'insufficient_scope' }

export interface UserinfoDependencies extends Omit<PresentTokenDependencies, 'random'> {
  readonly accounts: Accounts
}

/** Who a token stands for (OpenID Connect Core 1.0 section 5.3): the subject, and the address if that was asked for. */
export async function answerUserinfo(
  { headers }: Pick<IncomingMessage, 'headers'>,
  parts: UserinfoDependencies,
): Promise<UserinfoAnswer> {
  const token = /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (token === undefined) return { status: 401, error: null }
  const live = await findLiveToken(token, parts)
  const userId = live?.stored.userId ?? null
  if (live === null || userId === null) return { status: 401, error: 'invalid_token' }
  const { scopes } = live.verified
  if (!scopes.includes('openid')) return { status: 403, error: 'insufficient_scope' }
  const account = await parts.accounts.find(userId)
  if (account === undefined) return { status: 401, error: 'invalid_token' }
  const email = scopes.includes('email') ? { email: account.email } : {}
  return { status: 200, claims: { sub: userId, ...email } }
}
