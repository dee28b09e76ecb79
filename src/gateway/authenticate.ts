import { currentCall } from '../principal/current-call.ts'
import { anonymous } from '../principal/principal.ts'
import type { PresentedCredential } from '../principal/credential.ts'
import type { Principal } from '../principal/principal.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import type { RejectionReason } from '../telemetry/vocabulary.ts'
import type { Received } from './received.ts'
import type { Refusal } from './refusal.ts'
import type { Routed } from './route.ts'

/** What one authenticator says of a credential. The reason is decided here, where it is known. */
export type Verdict =
  | { readonly identified: Principal }
  | { readonly rejected: RejectionReason }
  /** The store did not answer: 503, never 401 (T8). */
  | { readonly unavailable: string }
  | 'not_mine'

/** Judges one kind of credential. Answers at once where it can: the hot path then never leaves its turn. */
export interface Authenticator {
  (credential: PresentedCredential, upstream: Upstream): Verdict | Promise<Verdict>
}

class IdentifiedRequest {
  declare protected readonly stage: 'identified'
  readonly received: Received
  readonly upstream: Upstream
  readonly principal: Principal

  constructor({ received, upstream }: Routed, principal: Principal) {
    this.received = received
    this.upstream = upstream
    this.principal = principal
  }
}

/** A request whose caller is known. */
export type Identified = IdentifiedRequest

/**
 * Asks each authenticator in order. Nobody claiming the credential is a refusal: there is no fallback (T4), and a bad
 * credential does not make an anonymous caller (T12).
 */
export async function authenticate(
  routed: Routed,
  authenticators: readonly Authenticator[],
): Promise<Identified | Refusal> {
  const { credential } = routed.received.head
  setPrincipal(anonymous)
  if (credential.kind === 'none') {
    const open = routed.upstream.auth === 'optional'
    return open ? new IdentifiedRequest(routed, anonymous) : { refused: 'missing_credential' }
  }
  if (credential.kind === 'unusable') return { refused: credential.reason }
  for (const judge of authenticators) {
    const answer = judge(credential, routed.upstream)
    const verdict = answer instanceof Promise ? await answer : answer
    if (verdict === 'not_mine') continue
    if ('rejected' in verdict) return { refused: verdict.rejected }
    if ('unavailable' in verdict) return { refused: 'store_unavailable', detail: verdict.unavailable }
    setPrincipal(verdict.identified)
    return new IdentifiedRequest(routed, verdict.identified)
  }
  return { refused: 'malformed_token' }
}

function setPrincipal(principal: Principal): void {
  const call = currentCall()
  if (call !== undefined) call.principal = principal
}
