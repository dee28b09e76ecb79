import type { UpstreamRules } from './upstream-access.ts'

/** The scopes a member of a workspace has at this moment: what the upstreams open to it ask for. */
export function ownerScopes(upstreams: readonly UpstreamRules[], workspace: string): string[] {
  const open = upstreams.filter(({ workspaces }) => workspaces.length === 0 || workspaces.includes(workspace))
  return [...new Set(open.flatMap(({ scopes }) => scopes))].toSorted()
}
