import type { PresentedCredential } from '../principal/credential.ts'
import type { Principal } from '../principal/principal.ts'
import type { Assertions } from '../tokens/assertion.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** The header fields that tell an upstream who is calling: name, value, name, value … */
export type IdentityFields = readonly string[]

const nothing: IdentityFields = Object.freeze([])

/**
 * What this upstream is shown of this caller, by its own mode and no other (T4). An anonymous caller is shown as
 * nobody: there is no assertion without a subject.
 */
export function identityFor(
  { identity, url }: Upstream,
  principal: Principal,
  credential: PresentedCredential,
  assertions: Assertions,
): IdentityFields | Promise<IdentityFields> {
  switch (identity.mode) {
    case 'none':
      return nothing
    case 'static':
      return [identity.header, identity.value]
    case 'forward-key':
      return principal.kind === 'external' && credential.kind === 'bearer'
        ? bearer(credential.token.reveal())
        : nothing
    case 'assertion': {
      const token = assertions.mint(principal, url)
      if (token === null) return nothing
      return typeof token === 'string' ? bearer(token) : token.then(bearer)
    }
  }
}

function bearer(token: string): IdentityFields {
  return ['authorization', `Bearer ${token}`]
}
