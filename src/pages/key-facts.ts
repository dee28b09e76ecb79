import { ownerScopes } from '../access/owner-scopes.ts'
import type { ApiKey } from '../identity/api-key.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** What pages show of an upstream. */
export type ShownUpstream = Pick<Upstream, 'name' | 'isDefault' | 'workspaces' | 'scopes' | 'accept'>

export type KeyState = 'active' | 'replaced' | 'expired' | 'revoked'

/** What a key is good for at a time; `replaced` works until its grace period ends. */
export function keyState({ revokedAt, expiresAt, replacedBy }: ApiKey, now: number): KeyState {
  if (revokedAt !== null) return 'revoked'
  if (expiresAt !== null && expiresAt <= now) return 'expired'
  return replacedBy === null ? 'active' : 'replaced'
}

/** What a key of a workspace may be limited to: upstreams that take keys of ours, open to it. */
export function offeredUpstreams(
  upstreams: readonly ShownUpstream[],
  workspace: string,
): readonly ShownUpstream[] {
  return upstreams.filter(
    ({ workspaces, accept }) =>
      accept.includes('api_key') && (workspaces.length === 0 || workspaces.includes(workspace)),
  )
}

/** What it may carry at most: what its owner may do at this moment. */
export function offeredScopes(upstreams: readonly ShownUpstream[], workspace: string): readonly string[] {
  return ownerScopes(offeredUpstreams(upstreams, workspace), workspace)
}

/** The path of the MCP endpoint a key is of use at: `/mcp`, unless it cannot be that one. */
export function endpointFor(limitedTo: readonly string[], upstreams: readonly ShownUpstream[]): string {
  const usable = upstreams.filter(({ name }) => limitedTo.length === 0 || limitedTo.includes(name))
  if (usable.length === 0 || usable.some(({ isDefault }) => isDefault)) return '/mcp'
  return `/mcp/${usable[0]?.name ?? ''}`
}

/** Spans of life a key may be given in days; the configured default among them. */
export function offeredDays(byDefault: number): readonly number[] {
  return [...new Set([7, 30, 90, 180, 365, byDefault])].toSorted((one, other) => one - other)
}
