import type { Metrics } from '../telemetry/metrics.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { LiveGateway } from './live-gateway.ts'

/** Reads the pools at each scrape. An upstream that a reload took away stays at 0: its series does not go stale. */
export function stateConnections(
  metrics: Metrics,
  names: NameRegistry,
  connections: () => LiveGateway['connections'],
): void {
  const seen = new Set<string>()
  metrics.beforeRender(() => {
    const open = connections()
    for (const name of open.keys()) seen.add(name)
    for (const name of seen) {
      const upstream = names.member('upstream', name)
      const count = open.get(name)?.connection.open() ?? 0
      metrics.cell('sallyport_upstream_connections', { upstream }).value = count
    }
  })
}
