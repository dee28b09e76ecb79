import type { UserPrincipal } from '../principal/principal.ts'
import type { ExternalCaller } from '../tokens/external-claims.ts'
import type { TokenVerdict } from '../tokens/token-verdict.ts'
import { rejectionOf } from './access-token-authenticator.ts'
import type { Authenticator, Verdict } from './authenticate.ts'

/** Judges a token of another issuer, as far as that can be done here. */
export interface VerifyExternalToken {
  (token: string): TokenVerdict<ExternalCaller> | Promise<TokenVerdict<ExternalCaller>>
}

/**
 * Judges tokens of the issuers an operator trusts beside us. The last authenticator: a JWT that nobody claims is of an
 * unknown issuer. Their users have no account here, so nothing about them is looked up.
 */
export function createExternalIssuerAuthenticator(verify: VerifyExternalToken): Authenticator {
  const principals = new WeakMap<ExternalCaller, UserPrincipal>()

  const judge = (verdict: TokenVerdict<ExternalCaller>): Verdict => {
    if (verdict === 'not_mine') return 'not_mine'
    if ('unavailable' in verdict) return { unavailable: verdict.unavailable, because: 'issuer_unavailable' }
    if ('refused' in verdict) return rejectionOf(verdict)
    const { verified } = verdict
    let identified = principals.get(verified)
    if (identified === undefined) {
      identified = principalOf(verified)
      principals.set(verified, identified)
    }
    return { identified }
  }

  return (credential, { accept }) => {
    if (credential.kind !== 'bearer' || !accept.includes('oauth')) return 'not_mine'
    const verdict = verify(credential.token.reveal())
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict)
  }
}

function principalOf(caller: ExternalCaller): UserPrincipal {
  const { issuer, subject, workspace, scopes, clientId, credentialId } = caller
  const named = { kind: 'user', issuer, subject, workspace, scopes, credentialId } as const
  const nothing = { upstreams: [], attributionSalt: '' }
  return clientId === null ? { ...named, ...nothing } : { ...named, ...nothing, clientId }
}
