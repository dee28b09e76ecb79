import { baseOf, mirrorLoopback } from '../tokens/resource.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** Where metadata of protected resources is, before the path of the resource (RFC 9728 section 3). */
export const resourceMetadataPath = '/.well-known/oauth-protected-resource'

/** Seconds a client may keep it. */
export const resourceMetadataMaxAge = 60

export interface ResourceMetadataOptions {
  readonly publicUrl: URL
  /** Of the resource, below publicUrl: `/mcp` or `/mcp/NAME`. */
  readonly path: string
  readonly upstream: Upstream
  /** Issuers of others whose tokens are accepted too. */
  readonly externalIssuers: readonly string[]
}

/**
 * Describes a protected resource (RFC 9728 section 2), for a client that asked under `host`. `resource` is publicUrl and
 * path exactly, or the same under the loopback name that was asked. Lists without members are left out (section 3.2).
 */
export function createResourceMetadata({
  publicUrl,
  path,
  upstream,
  externalIssuers,
}: ResourceMetadataOptions): (host: string | undefined) => string {
  return (host) =>
    JSON.stringify({
      resource: `${baseOf(mirrorLoopback(publicUrl, host))}${path}`,
      authorization_servers: [baseOf(publicUrl), ...externalIssuers],
      ...(upstream.scopes.length > 0 ? { scopes_supported: upstream.scopes } : {}),
      bearer_methods_supported: ['header'],
      resource_name: upstream.name,
    })
}

/**
 * The paths the metadata of a resource is served at: inserted before publicUrl's path, as RFC 9728 section 3.1 builds
 * them, and below it, for proxies that pass on nothing else.
 */
export function resourceMetadataPaths(basePath: string, resourcePath: string): readonly string[] {
  const inserted = `${resourceMetadataPath}${basePath}${resourcePath}`
  return basePath === '' ? [inserted] : [inserted, `${basePath}${resourceMetadataPath}${resourcePath}`]
}
