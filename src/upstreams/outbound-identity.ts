import type { Principal } from '../principal/principal.ts'
import type { Assertions } from '../tokens/assertion.ts'
import type { Upstream } from './upstream.ts'

/** The header fields that tell an upstream who is calling: name, value, name, value … */
export type IdentityFields = readonly string[]

const nothing: IdentityFields = Object.freeze([])

/** What this upstream is shown of this caller, by its own mode and no other (T4). */
export function identityFor(
  upstream: Upstream,
  principal: Principal,
  assertions: Assertions,
): IdentityFields | Promise<IdentityFields> {
  switch (upstream.identity) {
    case 'none':
      return nothing
    case 'assertion': {
      const token = assertions.mint(principal, upstream.url)
      return typeof token === 'string' ? bearer(token) : token.then(bearer)
    }
  }
}

function bearer(token: string): IdentityFields {
  return ['authorization', `Bearer ${token}`]
}
