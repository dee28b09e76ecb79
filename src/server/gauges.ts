import type { McpSessionStore } from '../gateway/mcp-session-store.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { LoginSessionStore } from '../identity/login-session-store.ts'
import type { UserStore } from '../identity/user-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { ArtifactStore } from '../oauth/artifact-store.ts'
import type { ClientStore } from '../oauth/client-store.ts'
import type { ConsentStore } from '../oauth/consent-store.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import { clientOrigins, clientStatuses, loginProviders } from '../telemetry/vocabulary.ts'

export interface GaugesDependencies {
  readonly store: {
    readonly mcpSessions: Pick<McpSessionStore, 'countActive'>
    readonly users: Pick<UserStore, 'count' | 'countActiveBySource'>
    readonly loginSessions: Pick<LoginSessionStore, 'countActive'>
    readonly consents: Pick<ConsentStore, 'countActive'>
    readonly clients: Pick<ClientStore, 'count'>
    readonly apiKeys: Pick<ApiKeyStore, 'countActive'>
    readonly artifacts: Pick<ArtifactStore, 'countPendingDeviceCodes'>
  }
  readonly metrics: Metrics
  readonly names: NameRegistry
  readonly emit: Emit
  readonly clock: Clock
}

/**
 * Refreshes the gauges of stored state by counting it: no code moves them by events, so they cannot drift (T31). A
 * count that fails leaves its last value and holds up no other; the age is that of the last round in which all of them
 * could be counted.
 */
export function createGaugeRefresh(parts: GaugesDependencies): () => Promise<void> {
  const { metrics, emit, clock } = parts
  let refreshedAt = clock.monotonic()
  metrics.beforeRender(() => {
    metrics.cell('sallyport_gauge_refresh_age_seconds', {}).value = (clock.monotonic() - refreshedAt) / 1000
  })
  const counts = [countMcpSessions(parts), ...countPeople(parts), ...countAccess(parts)]
  return async () => {
    const failures: unknown[] = []
    for (const count of counts) {
      try {
        await count()
      } catch (error) {
        emit('store_query_failed', { operation: 'count' })
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
    refreshedAt = clock.monotonic()
  }
}

/** Writes its gauges only once it has been answered. */
type Count = () => Promise<void>

function countMcpSessions({ store, metrics, names }: GaugesDependencies): Count {
  const seen = new Set<string>()
  return async () => {
    const active = await store.mcpSessions.countActive()
    for (const upstream of active.keys()) seen.add(upstream)
    for (const upstream of seen) {
      const labels = { upstream: names.register('upstream', upstream) }
      metrics.cell('sallyport_mcp_sessions_active', labels).value = active.get(upstream) ?? 0
    }
  }
}

function countPeople({ store, metrics }: GaugesDependencies): readonly Count[] {
  return [
    async () => {
      metrics.cell('sallyport_users_registered', {}).value = await store.users.count()
    },
    async () => {
      const active = await store.users.countActiveBySource()
      for (const auth_source of loginProviders) {
        metrics.cell('sallyport_users_active', { auth_source }).value = active.get(auth_source) ?? 0
      }
    },
    async () => {
      metrics.cell('sallyport_login_sessions_active', {}).value = await store.loginSessions.countActive()
    },
  ]
}

function countAccess({ store, metrics, clock }: GaugesDependencies): readonly Count[] {
  return [
    async () => {
      metrics.cell('sallyport_consents_active', {}).value = await store.consents.countActive()
    },
    async () => {
      const counted = await store.clients.count()
      for (const status of clientStatuses) {
        for (const origin of clientOrigins) {
          const known = counted.find((row) => row.status === status && row.origin === origin)
          metrics.cell('sallyport_clients_registered', { status, origin }).value = known?.clients ?? 0
        }
      }
    },
    async () => {
      metrics.cell('sallyport_api_keys_active', {}).value = await store.apiKeys.countActive(clock.now())
    },
    async () => {
      const pending = await store.artifacts.countPendingDeviceCodes(clock.now())
      metrics.cell('sallyport_device_codes_pending', {}).value = pending
    },
  ]
}
