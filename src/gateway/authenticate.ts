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
  /** `hint` says more to the caller. */
  | { readonly rejected: RejectionReason; readonly hint?: string }
  /** What it would take to judge did not answer, the store if nothing else is said: 503, never 401 (T8). */
  | { readonly unavailable: string; readonly because?: 'issuer_unavailable' }
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
 * credential does not make an anonymous caller (T12). Answers at once where the authenticators do.
 */
export function authenticate(
  routed: Routed,
  authenticators: readonly Authenticator[],
): Identified | Refusal | Promise<Identified | Refusal> {
  const { credential } = routed.received.head
  setPrincipal(anonymous)
  if (credential.kind === 'none') {
    const open = routed.upstream.auth === 'optional'
    return open ? new IdentifiedRequest(routed, anonymous) : { refused: 'missing_credential' }
  }
  if (credential.kind === 'unusable') return { refused: credential.reason }
  return askFrom(0, routed, credential, authenticators)
}

function askFrom(
  first: number,
  routed: Routed,
  credential: PresentedCredential,
  authenticators: readonly Authenticator[],
): Identified | Refusal | Promise<Identified | Refusal> {
  for (let place = first; place < authenticators.length; place += 1) {
    const answer = authenticators[place]?.(credential, routed.upstream) ?? 'not_mine'
    if (answer instanceof Promise) {
      return answer.then((verdict) =>
        verdict === 'not_mine'
          ? askFrom(place + 1, routed, credential, authenticators)
          : conclude(routed, verdict),
      )
    }
    if (answer !== 'not_mine') return conclude(routed, answer)
  }
  const oauth = routed.upstream.accept.includes('oauth')
  return oauth ? { refused: 'malformed_token' } : { refused: 'malformed_token', hint: apiKeysOnly }
}

const apiKeysOnly = 'this server takes API keys only'

function conclude(routed: Routed, verdict: Exclude<Verdict, 'not_mine'>): Identified | Refusal {
  if ('rejected' in verdict) {
    const { rejected: refused, hint } = verdict
    return hint === undefined ? { refused } : { refused, hint }
  }
  if ('unavailable' in verdict)
    return { refused: verdict.because ?? 'store_unavailable', detail: verdict.unavailable }
  setPrincipal(verdict.identified)
  return new IdentifiedRequest(routed, verdict.identified)
}

function setPrincipal(principal: Principal): void {
  const call = currentCall()
  if (call !== undefined) call.principal = principal
}
