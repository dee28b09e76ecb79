import type { Principal } from '../principal/principal.ts'
import { missingScopes } from './scope.ts'

/** What an upstream asks of its callers. */
export interface UpstreamRules {
  readonly name: string
  readonly workspaces: readonly string[]
  readonly scopes: readonly string[]
  readonly auth?: 'required' | 'optional'
}

export type AccessDecision = 'allowed' | 'upstream_not_allowed' | 'insufficient_scope'

/**
 * Whether a principal may use an upstream. An anonymous caller may only where its operator said so; the admin token belongs to no workspace, so
 * it does not reach an upstream that is limited to some.
 */
export function decideAccess(principal: Principal, upstream: UpstreamRules): AccessDecision {
  const walled = upstream.workspaces.length > 0
  switch (principal.kind) {
    case 'anonymous':
      return upstream.auth === 'optional' && !walled ? 'allowed' : 'upstream_not_allowed'
    case 'external':
      return walled && !upstream.workspaces.includes(principal.workspace) ? 'upstream_not_allowed' : 'allowed'
    case 'admin':
      return walled ? 'upstream_not_allowed' : 'allowed'
    case 'service':
    case 'user': {
      if (principal.kind === 'user' && !mayReach(principal.upstreams, upstream.name))
        return 'upstream_not_allowed'
      if (walled && !upstream.workspaces.includes(principal.workspace)) return 'upstream_not_allowed'
      return missingScopes(principal.scopes, upstream.scopes).length === 0 ? 'allowed' : 'insufficient_scope'
    }
  }
}

/** An API key may be limited to some upstreams; a token is by its audience. */
function mayReach(upstreams: readonly string[], name: string): boolean {
  return upstreams.length === 0 || upstreams.includes(name)
}
