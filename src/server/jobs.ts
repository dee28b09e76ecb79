import type { McpSessionStore } from '../gateway/mcp-session-store.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { UserStore } from '../identity/user-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { AuditStore } from '../telemetry/audit-store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Emit } from '../telemetry/telemetry.ts'

/** Something done again and again in the background. */
export interface Job {
  /** Does it now, after what is running. */
  run(): Promise<void>
  /** Ends it after the round that is running; call before what it uses is closed (T43). */
  close(): Promise<void>
}

/** Runs `work` every so often, never twice at once; a failure is logged and the next round comes all the same. */
export function startJob(name: string, everyMs: number, work: () => Promise<void>, log: Log): Job {
  let running = Promise.resolve()
  let closed = false
  const round = async () => {
    if (closed) return
    try {
      await work()
    } catch (error) {
      log.warn('a background job failed', {
        code: name,
        detail: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
  const run = () => {
    running = running.then(round)
    return running
  }
  const timer = setInterval(() => void run(), everyMs).unref()
  return {
    run,
    close() {
      clearInterval(timer)
      closed = true
      return running
    },
  }
}

/** Deletes audit rows past their retention, in small bites: no write blocks the store for long. */
export async function forgetOldRows(audit: Pick<AuditStore, 'forgetBefore'>, time: number): Promise<void> {
  const bite = 1000
  while ((await audit.forgetBefore(time, bite)) === bite);
}

export interface GaugesDependencies {
  readonly store: {
    readonly mcpSessions: Pick<McpSessionStore, 'countActive'>
    readonly users: Pick<UserStore, 'count'>
    readonly apiKeys: Pick<ApiKeyStore, 'countActive'>
  }
  readonly metrics: Metrics
  readonly names: NameRegistry
  readonly emit: Emit
  readonly clock: Clock
}

/**
 * Refreshes the gauges of stored state by counting it: no code moves them by events, so they cannot drift (T31). A
 * count that fails leaves the last value, and the age of the last good one shows.
 */
export function createGaugeRefresh({
  store,
  metrics,
  names,
  emit,
  clock,
}: GaugesDependencies): () => Promise<void> {
  let refreshedAt = clock.monotonic()
  const seen = new Set<string>()
  metrics.beforeRender(() => {
    metrics.cell('sallyport_gauge_refresh_age_seconds', {}).value = (clock.monotonic() - refreshedAt) / 1000
  })
  return async () => {
    try {
      const active = await store.mcpSessions.countActive()
      const users = await store.users.count()
      const keys = await store.apiKeys.countActive(clock.now())
      for (const upstream of active.keys()) seen.add(upstream)
      for (const upstream of seen) {
        const labels = { upstream: names.register('upstream', upstream) }
        metrics.cell('sallyport_mcp_sessions_active', labels).value = active.get(upstream) ?? 0
      }
      metrics.cell('sallyport_users_registered', {}).value = users
      metrics.cell('sallyport_api_keys_active', {}).value = keys
      refreshedAt = clock.monotonic()
    } catch (error) {
      emit('store_query_failed', { operation: 'count' })
      throw error
    }
  }
}
