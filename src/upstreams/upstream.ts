import type { AuthMode, CredentialKind } from '../config/upstream-options.ts'

/** What an upstream is shown of its caller; one mode, with no fallback to another (T4). */
export type OutboundIdentity =
  | { readonly mode: 'assertion' }
  /** The caller's own key, for an upstream that is the authority on it. */
  | { readonly mode: 'forward-key'; readonly keyPrefix: string; readonly workspace: string }
  /** One service credential for everybody: the caller is not visible upstream. */
  | { readonly mode: 'static'; readonly header: string; readonly value: string }
  | { readonly mode: 'none' }

export interface UpstreamTls {
  readonly ca: string | null
  readonly cert: string | null
  readonly key: string | null
}

/** An MCP server behind the gateway, as its operator described it. */
export interface Upstream {
  readonly name: string
  /** Where it listens; also the audience of assertions made for it, exactly as written here. */
  readonly url: string
  readonly isDefault: boolean
  /** `optional` lets anonymous callers in; what is not said lets nobody in. */
  readonly auth: AuthMode
  /** What callers may present; nothing of these where the upstream judges keys of its own. */
  readonly accept: readonly CredentialKind[]
  readonly identity: OutboundIdentity
  /** Workspaces that may call; empty means all. */
  readonly workspaces: readonly string[]
  /** Scopes a credential needs, all of them. */
  readonly scopes: readonly string[]
  readonly timeoutSeconds: number
  /** Private CA and our certificate, in PEM; null where the system's CAs do. */
  readonly tls: UpstreamTls | null
}
