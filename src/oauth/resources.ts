import { canonicalResource, resourcesOf } from '../tokens/resource.ts'
import type { Upstream } from '../upstreams/upstream.ts'

/** A protected resource that tokens may be asked for (RFC 8707). */
export interface Resource {
  /** In canonical form: the audience of its tokens. */
  readonly resource: string
  /** The upstreams behind it, by name. */
  readonly upstreams: readonly string[]
  /** What its upstreams need. */
  readonly scopes: readonly string[]
  /** Workspaces it is open to; empty means all. */
  readonly workspaces: readonly string[]
  /** Whether it is what a request means that names none. */
  readonly isDefault: boolean
}

/** The resources there are at this moment: a reload changes them. */
export interface Resources {
  list(): readonly Resource[]
}

/** The resources of the upstreams that take access tokens. */
export function resourcesOfUpstreams(publicUrl: URL, upstreams: readonly Upstream[]): readonly Resource[] {
  const open = upstreams.filter(({ accept }) => accept.includes('oauth'))
  return open.flatMap((upstream) => {
    const { name, scopes, workspaces } = upstream
    const resources = resourcesOf(publicUrl, upstream)
    return resources.map((resource, index) => {
      // The last of a default upstream's is `/mcp` itself; an upstream that is alone needs no name.
      const isDefault = (upstream.isDefault || open.length === 1) && index === resources.length - 1
      return { resource, upstreams: [name], scopes, workspaces, isDefault }
    })
  })
}

/** The resource a request names, however it writes it; undefined when there is none. */
export function findResource(
  publicUrl: URL,
  resources: readonly Resource[],
  asked: string,
): Resource | undefined {
  const canonical = canonicalResource(publicUrl, asked)
  return resources.find(({ resource }) => resource === canonical)
}

/** Whether the resource is open to a workspace. */
export function isOpenTo({ workspaces }: Resource, workspace: string): boolean {
  return workspaces.length === 0 || workspaces.includes(workspace)
}
