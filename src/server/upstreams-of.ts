import type { UpstreamSettings } from '../config/upstream-options.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** The upstreams of a configuration. The only one there is serves as the default, said or not. */
export function upstreamsOf(settings: readonly UpstreamSettings[]): Upstream[] {
  return settings.map((entry) => ({
    name: entry.name,
    url: entry.url,
    isDefault: entry.default || settings.length === 1,
    identity: entry.identity,
    workspaces: entry.workspaces,
    scopes: entry.scopes,
    timeoutSeconds: entry.timeoutSeconds,
  }))
}
