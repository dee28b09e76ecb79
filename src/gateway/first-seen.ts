import type { ClientFamily } from '../mcp/client-family.ts'
import type { Principal } from '../principal/principal.ts'

const most = 10_000

/**
 * Remembers which callers have introduced themselves with which client: modern MCP has no session that would say so.
 * Bounded: whoever was not seen for the longest is forgotten, and counts as new the next time.
 */
export class FirstSeen {
  readonly #known = new Set<string>()

  /** Whether this is the first time for the caller and client. */
  isFirst(principal: Principal, client: ClientFamily): boolean {
    const key = `${client} ${callerOf(principal)}`
    const known = this.#known.delete(key)
    this.#known.add(key)
    if (this.#known.size > most) {
      const [oldest] = this.#known
      if (oldest !== undefined) this.#known.delete(oldest)
    }
    return !known
  }
}

/** The anonymous are all one caller (T12). */
function callerOf(principal: Principal): string {
  if (principal.kind === 'anonymous') return 'anonymous'
  const workspace = 'workspace' in principal ? principal.workspace : ''
  return JSON.stringify([principal.issuer, principal.subject, workspace])
}
