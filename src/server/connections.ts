import type { ReachableUpstream } from '../gateway/reclaim-session.ts'
import type { UpstreamConnection } from '../upstreams/connection.ts'

type Reachable = ReadonlyMap<string, ReachableUpstream & { readonly connection: UpstreamConnection }>

/** The connections to upstreams through reloads, until the last of them is closed. */
export interface Connections {
  /** From now on these are used; what is not among them any more is closed after `graceMs`. */
  use(next: Reachable): void
  destroyAll(): Promise<void>
}

/** A request routed before a reload may still be reading its body; only then does its connection close, gently. */
export function createConnections(graceMs: number): Connections {
  const open = new Set<UpstreamConnection>()
  const retiring = new Map<UpstreamConnection, NodeJS.Timeout>()
  const retire = (connection: UpstreamConnection) => {
    const timer = setTimeout(() => {
      retiring.delete(connection)
      void connection.close().then(() => open.delete(connection))
    }, graceMs).unref()
    retiring.set(connection, timer)
  }
  return {
    use(next) {
      const used = new Set(Array.from(next.values(), ({ connection }) => connection))
      for (const connection of open)
        if (!used.has(connection) && !retiring.has(connection)) retire(connection)
      for (const connection of used) open.add(connection)
    },
    async destroyAll() {
      for (const timer of retiring.values()) clearTimeout(timer)
      await Promise.all(Array.from(open, (connection) => connection.destroy()))
    },
  }
}
