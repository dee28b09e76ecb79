import type { IdentityMode } from '../config/upstream-options.ts'

/** An MCP server behind the gateway, as its operator described it. */
export interface Upstream {
  readonly name: string
  /** Where it listens; also the audience of assertions made for it, exactly as written here. */
  readonly url: string
  readonly isDefault: boolean
  readonly identity: IdentityMode
  /** Workspaces that may call; empty means all. */
  readonly workspaces: readonly string[]
  /** Scopes a credential needs, all of them. */
  readonly scopes: readonly string[]
  readonly timeoutSeconds: number
}
