import type { Config } from '../config/load.ts'
import { createAdminAuthenticator } from '../gateway/admin-authenticator.ts'
import { createApiKeyAuthenticator } from '../gateway/api-key-authenticator.ts'
import { createOpenStreams } from '../gateway/event-stream.ts'
import { createGuard } from '../gateway/guard.ts'
import { McpSessions } from '../gateway/mcp-session.ts'
import { createObserveAuthentication } from '../gateway/observe-authentication.ts'
import { requestIds } from '../lib/request-id.ts'
import { createSealedBox } from '../lib/sealed-box.ts'
import { Metrics } from '../telemetry/metrics.ts'
import { NameRegistry } from '../telemetry/name-registry.ts'
import { createEmit } from '../telemetry/telemetry.ts'
import { Assertions } from '../tokens/assertion.ts'
import { openSigningKeys } from '../tokens/signing-keys.ts'
import { connectUpstream } from '../upstreams/connection.ts'
import { createListener } from './listener.ts'
import type { Listener } from './listener.ts'
import type { RouteTable } from './route-table.ts'
import { buildRoutes } from './routes.ts'
import type { Surroundings } from './surroundings.ts'
import { upstreamsOf } from './upstreams-of.ts'
import { createUsageWriter } from './usage-writer.ts'
import type { OpenedStore } from './opened-store.ts'

/** Where the product is reached; known once the port is. */
export interface Placement {
  readonly publicUrl: URL
  /** Whether it listens on loopback, so that loopback names are its own. */
  readonly loopback: boolean
}

/** The product, built and ready to answer. */
export interface Composed {
  readonly listener: Listener
  /** Every path it answers: what the isolation tests walk. */
  readonly routes: RouteTable
  /** From now on not ready; streams on which nobody waits for an answer end. */
  beginClosing(): void
  /** Ends jobs, then upstream connections, then the store: each before what it stands on (T43). */
  close(): Promise<void>
}

/** The composition root: everything is built here, once, and handed its dependencies. */
export async function compose(
  { settings, upstreams: configured }: Config,
  { publicUrl, loopback }: Placement,
  { store, secretsKey }: OpenedStore,
  { clock, random, log, version }: Surroundings,
): Promise<Composed> {
  const names = new NameRegistry()
  const metrics = settings['telemetry.metrics.enabled'] ? new Metrics(names) : null
  const emit = createEmit(metrics, names)
  const issuer = publicUrl.href.replace(/\/$/, '')
  const adminToken = settings['auth.adminOnMcp'] ? settings['auth.adminToken'] : null

  const box = createSealedBox(secretsKey, random)
  const keys = await openSigningKeys('assertion', { store: store.signingKeys, box, clock })
  const keyUse = createUsageWriter(1000, { write: (uses) => store.apiKeys.recordUse(uses), emit, log })
  const sessionUse = createUsageWriter(1000, {
    write: (seen) => store.mcpSessions.recordSeen(seen),
    emit,
    log,
  })
  const sessions = new McpSessions({ store: store.mcpSessions, clock, emit, noteSeen: sessionUse.note })
  const streams = createOpenStreams(settings['streams.keepAliveSeconds'])
  const upstreams = upstreamsOf(configured)
  const connections = new Map(upstreams.map((upstream) => [upstream.name, connectUpstream(upstream)]))
  let closing = false

  const gateway = {
    authenticators: [
      createApiKeyAuthenticator({ issuer }, { apiKeys: store.apiKeys, clock, emit, noteUse: keyUse.note }),
      ...(adminToken === null ? [] : [createAdminAuthenticator({ issuer, adminToken })]),
    ],
    observeAuthentication: createObserveAuthentication(emit),
    maxBodyBytes: settings['requests.maxBodyBytes'],
    assertions: new Assertions({ issuer }, { keys, clock }),
    connections,
    sessions,
    streams,
  }
  const routes = buildRoutes({
    upstreams,
    gateway,
    names,
    publicUrl,
    metrics,
    metricsToken: settings['telemetry.metrics.token'],
    publishedKeys: keys.published,
    ping: () => store.ping(),
    isClosing: () => closing,
  })
  const listener = createListener({
    guard: createGuard({ publicUrl, loopback, ...hostsAndOrigins(settings) }),
    routes,
    unknownRoute: names.register('route', 'unknown'),
    emit,
    log,
    clock,
    newRequestId: requestIds(random),
  })
  if (metrics !== null) stateBuild(metrics, names, version)

  return {
    listener,
    routes,
    beginClosing() {
      closing = true
      streams.endAll()
    },
    async close() {
      closing = true
      await Promise.all([keyUse.close(), sessionUse.close()])
      await Promise.all([...connections.values()].map((connection) => connection.destroy()))
      await store.close()
    },
  }
}

function hostsAndOrigins(settings: Config['settings']) {
  return { allowedHosts: settings.allowedHosts, allowedOrigins: settings.allowedOrigins }
}

function stateBuild(
  metrics: Metrics,
  names: NameRegistry,
  { version, commit }: Surroundings['version'],
): void {
  const labels = { version: names.register('version', version), commit: names.register('commit', commit) }
  metrics.cell('sallyport_build_info', labels).value = 1
}
