import type { Config } from '../config/load.ts'
import type { OptionKey } from '../config/options.ts'
import { EndedRequests } from '../gateway/ended-requests.ts'
import { createOpenStreams } from '../gateway/event-stream.ts'
import { McpSessions } from '../gateway/mcp-session.ts'
import { FirstSeen } from '../gateway/first-seen.ts'
import { createObserveAuthentication } from '../gateway/observe-authentication.ts'
import { reclaimIdleSessions } from '../gateway/reclaim-session.ts'
import { tellEnded, tellUnreadable } from '../gateway/tell-ended.ts'
import { tellExpiredKeys } from '../identity/expired-keys.ts'
import { systemFetch } from '../lib/fetch.ts'
import { requestIds } from '../lib/request-id.ts'
import { createSealedBox } from '../lib/sealed-box.ts'
import { LocalLimiter } from '../limits/local-limiter.ts'
import { publicInternet } from '../oauth/guarded-fetch.ts'
import { resourcesOfUpstreams } from '../oauth/resources.ts'
import type { Analytics } from '../telemetry/analytics.ts'
import { createMetricSink } from '../telemetry/metric-sink.ts'
import type { MetricPush } from '../telemetry/metric-push.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { NameRegistry } from '../telemetry/name-registry.ts'
import { createAuditSink } from '../telemetry/audit-sink.ts'
import { createEmit } from '../telemetry/telemetry.ts'
import { Assertions } from '../tokens/assertion.ts'
import { AccessTokenSigning } from '../tokens/access-token-signing.ts'
import { baseOf } from '../tokens/resource.ts'
import { openSigningKeys } from '../tokens/signing-keys.ts'
import { attributionOf } from './analytics-of.ts'
import { createArrivals } from './arrivals.ts'
import { createAuthenticators } from './authenticators.ts'
import { authorizationServerOf } from './authorization-server-of.ts'
import { stateConnections } from './connection-gauge.ts'
import { createConnections } from './connections.ts'
import { derivedKey } from './derived-key.ts'
import { createGaugeRefresh } from './gauges.ts'
import { forgetOldRows, startJob } from './jobs.ts'
import type { Listener } from './listener.ts'
import { buildLiveGateway } from './live-gateway.ts'
import type { OpenedStore } from './opened-store.ts'
import { metricPushOf } from './metric-push-of.ts'
import type { Placement } from './placement.ts'
import { takeOver } from './reload.ts'
import type { RouteTable } from './route-table.ts'
import { signInOf } from './sign-in-of.ts'
import { createStatedMetrics, stateAnalytics, stateProcess } from './stated-metrics.ts'
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
  /** States what is known of requests that are over, without waiting for more of them. */
  tellEnded(): void
  /** States that something was answered with `status` that could not be read as a request. */
  tellUnreadable(status: number): void
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
  { clock, random, log, version, reach = publicInternet }: Surroundings,
  analytics: Analytics | null = null,
): Promise<Composed> {
  const { settings } = first
  const names = new NameRegistry()
  const metrics = settings['telemetry.metrics.enabled'] ? new Metrics(names) : null
  const stated = createStatedMetrics(metrics)
  const audit = createAuditSink(settings['telemetry.audit.calls'], {
    store: store.audit,
    clock,
    random,
    log,
    dropped: (reason, rows) => stated.dropped('audit', reason, rows),
  })
  const sinks = analytics === null ? [audit] : [audit, analytics]
  const emit = createEmit(names, metrics === null ? null : createMetricSink(metrics), sinks)
  if (metrics !== null && analytics !== null) stateAnalytics(metrics, analytics)
  const traces = tracesOf(settings, {
    clock,
    random,
    names,
    log,
    version: version.version,
    attribution: attributionOf(settings),
    onDropped: (reason, spans) => stated.dropped('traces', reason, spans),
    onRefused: stated.refused,
  })
  const telling = { emit, traces, names, firstSeen: new FirstSeen() }
  const ended = new EndedRequests((request) => tellEnded(request, telling))
  metrics?.beforeRender(() => ended.tellAll())
  const issuer = baseOf(placement.publicUrl)

  const box = createSealedBox(secretsKey, random)
  const keys = await openSigningKeys('assertion', { store: store.signingKeys, box, clock })
  const signing = await AccessTokenSigning.open(
    {
      rotateAfterMs: settings['auth.tokens.keyRotationDays'] * 86_400_000,
      longestLifeMs: Math.max(3600, settings['auth.tokens.accessSeconds']) * 1000,
    },
    { store: store.signingKeys, box, clock },
  )
  const assertions = new Assertions({ issuer }, { keys, clock, emit })
  const keyUse = createUsageWriter(1000, { write: (uses) => store.apiKeys.recordUse(uses), emit, log })
  const tokenUse = createUsageWriter(1000, {
    write: (uses) => store.accessTokens.recordUse(uses),
    emit,
    log,
  })
  const seen = createUsageWriter(1000, { write: (times) => store.mcpSessions.recordSeen(times), emit, log })
  const sessions = new McpSessions({ store: store.mcpSessions, box, clock, emit, names, noteSeen: seen.note })
  const limiter = new LocalLimiter({ clock })
  const { publicUrl } = placement
  const arrivals = createArrivals(() => running.settings, { limiter, emit })
  const signingIn = signInOf(
    { settings, publicUrl, secretsKey, hasLimits: () => running.settings['limits.enabled'] },
    { store, limiter, box, clock, random, fetch: systemFetch, emit },
  )
  const resources = { list: () => resourcesOfUpstreams(publicUrl, live.upstreams) }
  const authorizing = authorizationServerOf(
    { settings, publicUrl, secretsKey, reach },
    { store, sessions: signingIn.sessions, signing, resources, arrivals, box, clock, random, emit, log },
  )
  const streams = createOpenStreams(settings['streams.keepAliveSeconds'])
  const load = { running: 0 }
  let closing = false

  const lasting = {
    placement,
    names,
    limiter,
    browser: {
      publicUrl,
      formKey: derivedKey(secretsKey, 'page form'),
      signingIn,
      authorizing,
      arrivals,
      apiKeys: store.apiKeys,
      linkedAccounts: store.linkedAccounts,
      box,
      limiter,
      clock,
      random,
      emit,
      log,
      names,
    },
    gateway: {
      authenticators: createAuthenticators(
        { settings, publicUrl, secretsKey },
        {
          apiKeys: store.apiKeys,
          accessTokens: store.accessTokens,
          accessTokenKeys: signing,
          clock,
          emit,
          fetch: systemFetch,
          noteKeyUse: keyUse.note,
          noteTokenUse: tokenUse.note,
        },
      ),
      observeAuthentication: createObserveAuthentication(emit),
      assertions,
      sessions,
      streams,
      watch: { clock, names },
      traces,
      clock,
    },
    routes: {
      metrics,
      publishedKeys: () => [...keys.published, ...signing.published],
      ping: () => store.ping(),
      isClosing: () => closing,
    },
    listener: {
      emit,
      log,
      clock,
      newRequestId: requestIds(random),
      ended,
      load,
    },
  }
  let running = first
  let live = buildLiveGateway(first, lasting, null)
  const connections = createConnections(settings['requests.bodyTimeoutSeconds'] * 1000)
  connections.use(live.connections)

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
    startJob(
      'key-expiry',
      60_000,
      async () => void (await tellExpiredKeys({ apiKeys: store.apiKeys, clock, emit })),
      log,
    ),
    startJob('login-session-sweep', 60_000, async () => void (await signingIn.sessions.sweep()), log),
    startJob('oauth-sweep', 60_000, async () => void (await authorizing.server.sweep()), log),
    startJob('client-sweep', 3_600_000, () => authorizing.sweepClients(), log),
    startJob('signing-keys', 60_000, () => signing.refresh(), log),
    startJob('audit-flush', 1000, () => audit.flush(), log),
    startJob('audit-retention', 3_600_000, () => forgetOldRows(store.audit, clock.now() - retentionMs), log),
  ]
  let push: MetricPush | null = null
  if (metrics !== null) {
    stateProcess(metrics, names, version)
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
      live = buildLiveGateway(config, lasting, live)
      running = config
      analytics?.list(config.upstreams)
      connections.use(live.connections)
      return waiting
    },
    tellEnded: () => ended.tellAll(),
    tellUnreadable: (status) => tellUnreadable(status, { emit, names }),
    async runJobs() {
      ended.tellAll()
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
      await Promise.all([keyUse.close(), tokenUse.close(), seen.close(), authorizing.close()])
      ended.tellAll()
      await Promise.all([audit.flush(), traces?.close()])
      await connections.destroyAll()
      await store.close()
    },
  }
}
