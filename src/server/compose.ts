import { hkdfSync } from 'node:crypto'
import type { Config } from '../config/load.ts'
import type { OptionKey } from '../config/options.ts'
import { createAdminAuthenticator } from '../gateway/admin-authenticator.ts'
import { createApiKeyAuthenticator } from '../gateway/api-key-authenticator.ts'
import { createOpenStreams } from '../gateway/event-stream.ts'
import { createForwardedKeyAuthenticator } from '../gateway/forwarded-key-authenticator.ts'
import { McpSessions } from '../gateway/mcp-session.ts'
import { FirstSeen } from '../gateway/first-seen.ts'
import { createObserveAuthentication } from '../gateway/observe-authentication.ts'
import { reclaimIdleSessions } from '../gateway/reclaim-session.ts'
import { readProcessUsage } from '../lib/process-facts.ts'
import { requestIds } from '../lib/request-id.ts'
import { createSealedBox } from '../lib/sealed-box.ts'
import { LocalLimiter } from '../limits/local-limiter.ts'
import type { Analytics } from '../telemetry/analytics.ts'
import { createMetricSink } from '../telemetry/metric-sink.ts'
import type { MetricPush } from '../telemetry/metric-push.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { NameRegistry } from '../telemetry/name-registry.ts'
import type { SignalName } from '../telemetry/signals.ts'
import type { DropReason } from '../telemetry/span-queue.ts'
import { createAuditSink } from '../telemetry/audit-sink.ts'
import { createEmit } from '../telemetry/telemetry.ts'
import { Assertions } from '../tokens/assertion.ts'
import { openSigningKeys } from '../tokens/signing-keys.ts'
import type { UpstreamConnection } from '../upstreams/connection.ts'
import { attributionOf } from './analytics-of.ts'
import { stateConnections } from './connection-gauge.ts'
import { createGaugeRefresh, forgetOldRows, startJob } from './jobs.ts'
import type { Listener } from './listener.ts'
import { buildLiveGateway } from './live-gateway.ts'
import type { OpenedStore } from './opened-store.ts'
import { metricPushOf } from './metric-push-of.ts'
import type { Placement } from './placement.ts'
import { takeOver } from './reload.ts'
import type { RouteTable } from './route-table.ts'
import type { Surroundings } from './surroundings.ts'
import { tracesOf } from './traces-of.ts'
import { createUsageWriter } from './usage-writer.ts'

/** The product, built and ready to answer. */
export interface Composed {
  readonly listener: Listener
  /** Every path it answers: what the isolation tests walk. */
  readonly routes: RouteTable
  /** Takes over what a running gateway can; answers the keys that need a restart. Open streams go on. */
  reload(next: Config): readonly OptionKey[]
  /** Does the background work now, without waiting for its time: idle sessions end, gauges are counted. */
  runJobs(): Promise<void>
  /** How many requests have begun and not ended. */
  running(): number
  /** From now on not ready; streams on which nobody waits for an answer end. */
  beginClosing(): void
  /** Ends jobs, then upstream connections, then the store: each before what it stands on (T43). */
  close(): Promise<void>
}

/** The composition root: everything is built here, once, and handed its dependencies. */
export async function compose(
  first: Config,
  placement: Placement,
  { store, secretsKey }: OpenedStore,
  { clock, random, log, version }: Surroundings,
  analytics: Analytics | null = null,
): Promise<Composed> {
  const { settings } = first
  const names = new NameRegistry()
  const metrics = settings['telemetry.metrics.enabled'] ? new Metrics(names) : null
  const audit = createAuditSink(settings['telemetry.audit.calls'], {
    store: store.audit,
    clock,
    random,
    log,
    dropped: (reason, rows) => countDropped(metrics, 'audit', reason, rows),
  })
  const sinks = analytics === null ? [audit] : [audit, analytics]
  const emit = createEmit(names, metrics === null ? null : createMetricSink(metrics), sinks)
  if (metrics !== null && analytics !== null) stateDropped(metrics, analytics)
  const traces = tracesOf(settings, {
    clock,
    random,
    names,
    log,
    version: version.version,
    attribution: attributionOf(settings),
    onDropped: (reason, spans) => countDropped(metrics, 'traces', reason, spans),
    onRefused: (signal) => countRefused(metrics, signal),
  })
  const issuer = placement.publicUrl.href.replace(/\/$/, '')
  const adminToken = settings['auth.adminOnMcp'] ? settings['auth.adminToken'] : null

  const box = createSealedBox(secretsKey, random)
  const keys = await openSigningKeys('assertion', { store: store.signingKeys, box, clock })
  const assertions = new Assertions({ issuer }, { keys, clock, emit })
  const keyUse = createUsageWriter(1000, { write: (uses) => store.apiKeys.recordUse(uses), emit, log })
  const seen = createUsageWriter(1000, { write: (times) => store.mcpSessions.recordSeen(times), emit, log })
  const sessions = new McpSessions({ store: store.mcpSessions, box, clock, emit, names, noteSeen: seen.note })
  const streams = createOpenStreams(settings['streams.keepAliveSeconds'])
  const load = { running: 0 }
  let closing = false

  const lasting = {
    placement,
    names,
    limiter: new LocalLimiter({ clock }),
    gateway: {
      authenticators: [
        createForwardedKeyAuthenticator({ subjectKey: subjectKeyFrom(secretsKey) }),
        createApiKeyAuthenticator({ issuer }, { apiKeys: store.apiKeys, clock, emit, noteUse: keyUse.note }),
        ...(adminToken === null ? [] : [createAdminAuthenticator({ issuer, adminToken })]),
      ],
      observeAuthentication: createObserveAuthentication(emit),
      assertions,
      sessions,
      streams,
      watch: { clock, names },
      traces,
      clock,
    },
    routes: { metrics, publishedKeys: keys.published, ping: () => store.ping(), isClosing: () => closing },
    listener: {
      emit,
      traces,
      log,
      clock,
      newRequestId: requestIds(random),
      firstSeen: new FirstSeen(),
      load,
    },
  }
  const retiring = new Set<NodeJS.Timeout>()
  // A request routed before a reload may still be reading its body; only then does its connection close, gently.
  const retire = (connection: UpstreamConnection) => {
    const timer = setTimeout(() => {
      retiring.delete(timer)
      void connection.close().then(() => connections.delete(connection))
    }, settings['requests.bodyTimeoutSeconds'] * 1000).unref()
    retiring.add(timer)
  }
  let running = first
  let live = buildLiveGateway(first, lasting, null)
  const connections = new Set<UpstreamConnection>()
  const track = () => {
    for (const { connection } of live.connections.values()) connections.add(connection)
  }
  track()

  const idleMs = settings['sessions.idleMinutes'] * 60_000
  const find = (name: string) => live.connections.get(name)
  const sweep = async () => {
    sessions.noteHeld()
    await seen.flush()
    const ended = await reclaimIdleSessions(idleMs, { sessions, assertions, find })
    if (ended > 0) log.info('idle sessions ended', { count: ended })
  }
  const retentionMs = settings['telemetry.audit.retentionDays'] * 86_400_000
  const jobs = [
    startJob('session-sweep', Math.min(60_000, idleMs / 4), sweep, log),
    startJob('audit-flush', 1000, () => audit.flush(), log),
    startJob('audit-retention', 3_600_000, () => forgetOldRows(store.audit, clock.now() - retentionMs), log),
  ]
  let push: MetricPush | null = null
  if (metrics !== null) {
    stateBuild(metrics, names, version)
    metrics.beforeRender(() => stateProcess(metrics))
    stateConnections(metrics, names, () => live.connections)
    const refresh = createGaugeRefresh({ store, metrics, names, emit, clock })
    const gauges = startJob(
      'gauge-refresh',
      settings['telemetry.metrics.refreshSeconds'] * 1000,
      refresh,
      log,
    )
    jobs.push(gauges)
    await gauges.run()
    push = metricPushOf(settings, { metrics, clock, log, random, version: version.version })
    const everyMs = settings['telemetry.metrics.intervalSeconds'] * 1000
    if (push !== null) jobs.push(startJob('metric-push', everyMs, push.push, log))
  }

  return {
    listener: (request, response) => live.listener(request, response),
    get routes() {
      return live.routes
    },
    reload(next) {
      const { config, waiting } = takeOver(running, next)
      const before = live
      live = buildLiveGateway(config, lasting, before)
      running = config
      analytics?.list(config.upstreams)
      track()
      const kept = new Set([...live.connections.values()].map(({ connection }) => connection))
      for (const { connection } of before.connections.values()) {
        if (!kept.has(connection)) retire(connection)
      }
      return waiting
    },
    async runJobs() {
      for (const job of jobs) await job.run()
    },
    running: () => load.running,
    beginClosing() {
      closing = true
      streams.endAll()
    },
    async close() {
      closing = true
      await Promise.all([...jobs.map((job) => job.close()), push?.close()])
      await Promise.all([keyUse.close(), seen.close(), audit.flush(), traces?.close()])
      for (const timer of retiring) clearTimeout(timer)
      await Promise.all([...connections].map((connection) => connection.destroy()))
      await store.close()
    },
  }
}

/** The key of the hash that stands for callers known by another's key: apart from every other key. */
function subjectKeyFrom(secretsKey: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secretsKey, '', 'sallyport external subject v1', 32))
}

function countDropped(
  metrics: Metrics | null,
  sink: 'traces' | 'audit' | 'analytics',
  reason: DropReason,
  count: number,
): void {
  if (metrics !== null) metrics.cell('sallyport_telemetry_dropped_total', { sink, reason }).value += count
}

/** Analytics outlive what is composed here: they count for themselves, and the page says what they counted. */
function stateDropped(metrics: Metrics, { dropped }: Analytics): void {
  metrics.beforeRender(() => {
    for (const reason of ['queue_full', 'send_failed', 'closed'] as const)
      metrics.cell('sallyport_telemetry_dropped_total', { sink: 'analytics', reason }).value = dropped[reason]
  })
}

function countRefused(metrics: Metrics | null, signal: SignalName): void {
  if (metrics !== null) metrics.cell('sallyport_telemetry_refused_values_total', { signal }).value += 1
}

function stateProcess(metrics: Metrics): void {
  const { cpuSeconds, residentBytes, heapBytes, startedAtSeconds } = readProcessUsage()
  metrics.cell('process_cpu_seconds_total', {}).value = cpuSeconds
  metrics.cell('process_resident_memory_bytes', {}).value = residentBytes
  metrics.cell('process_start_time_seconds', {}).value = startedAtSeconds
  metrics.cell('nodejs_heap_size_used_bytes', {}).value = heapBytes
}

function stateBuild(
  metrics: Metrics,
  names: NameRegistry,
  { version, commit }: Surroundings['version'],
): void {
  const labels = { version: names.register('version', version), commit: names.register('commit', commit) }
  metrics.cell('sallyport_build_info', labels).value = 1
}
