import { isLoopbackHost, networks } from '../config/address.ts'
import type { Config } from '../config/load.ts'
import { createChallenge } from '../gateway/challenge.ts'
import { createCors } from '../gateway/cors.ts'
import { createGuard } from '../gateway/guard.ts'
import type { GatewayParts } from '../gateway/handle-request.ts'
import type { Limits } from '../gateway/limit.ts'
import type { ReachableUpstream } from '../gateway/reclaim-session.ts'
import type { Limiter } from '../limits/limiter.ts'
import { createRefusalPages } from '../pages/refusal-page.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import { connectUpstream } from '../upstreams/connection.ts'
import type { UpstreamConnection } from '../upstreams/connection.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { browserRoutes } from './browser-routes.ts'
import type { BrowserParts } from './browser-routes.ts'
import { createListener } from './listener.ts'
import type { Listener, ListenerDependencies } from './listener.ts'
import type { Placement } from './placement.ts'
import { createUnknownPath } from './route-table.ts'
import type { RouteTable } from './route-table.ts'
import { basePathOf, buildRoutes } from './routes.ts'
import type { RoutesParts } from './routes.ts'
import { upstreamsOf } from './upstreams-of.ts'

/** What outlives a reload. */
export interface LastingParts {
  readonly placement: Placement
  readonly names: NameRegistry
  readonly limiter: Limiter
  readonly browser: BrowserParts
  readonly gateway: Omit<GatewayParts, 'connections' | 'limits' | 'maxBodyBytes'>
  readonly routes: Pick<RoutesParts, 'metrics' | 'publishedKeys' | 'ping' | 'isClosing'>
  readonly listener: Pick<ListenerDependencies, 'emit' | 'log' | 'clock' | 'newRequestId' | 'ended' | 'load'>
}

/** The part of the product that a reload replaces: upstreams, limits, guard and routes. */
export interface LiveGateway {
  readonly listener: Listener
  readonly routes: RouteTable
  readonly upstreams: readonly Upstream[]
  readonly connections: ReadonlyMap<string, ReachableUpstream>
}

/**
 * Builds it from a configuration. Connections of the one before are kept where nothing about them has changed, so
 * that a reload costs no stream.
 */
export function buildLiveGateway(
  config: Config,
  lasting: LastingParts,
  before: LiveGateway | null,
): LiveGateway {
  const { settings } = config
  const { placement, names } = lasting
  const upstreams = upstreamsOf(config.upstreams)
  for (const { name } of upstreams) names.register('upstream', name)
  for (const { tools } of config.upstreams) for (const tool of tools) names.register('tool', tool)
  const reachable = new Map(
    upstreams.map((upstream) => [upstream.name, { upstream, connection: connectionTo(upstream, before) }]),
  )
  const connections = new Map<string, UpstreamConnection>()
  for (const [name, { connection }] of reachable) connections.set(name, connection)
  const gateway: GatewayParts = {
    ...lasting.gateway,
    connections,
    limits: limitsOf(settings, lasting.limiter),
    maxBodyBytes: settings['requests.maxBodyBytes'],
  }
  const own = buildRoutes({
    ...lasting.routes,
    upstreams,
    gateway,
    names,
    publicUrl: placement.publicUrl,
    externalIssuers: settings['auth.issuers'].map(({ issuer }) => issuer),
    metricsToken: settings['telemetry.metrics.token'],
    localOnly: placement.loopback && isLoopbackHost(placement.publicUrl.hostname),
  })
  const routes = new Map([...own, ...browserRoutes(settings, upstreams, lasting.browser)])
  const listener = createListener({
    ...lasting.listener,
    guard: createGuard({
      ...placement,
      allowedHosts: settings.allowedHosts,
      allowedOrigins: settings.allowedOrigins,
    }),
    cors: createCors(settings.allowedOrigins),
    challenge: createChallenge(placement),
    oauthConfigured: upstreams.some(({ accept }) => accept.includes('oauth')),
    isTrustedProxy: networks(settings.trustedProxies),
    routes,
    unknownPath: createUnknownPath(basePathOf(placement.publicUrl)),
    unknownRoute: names.register('route', 'unknown'),
    refusalPage: createRefusalPages(placement.publicUrl),
  })
  return { listener, routes, upstreams, connections: reachable }
}

function connectionTo(upstream: Upstream, before: LiveGateway | null): UpstreamConnection {
  const known = before?.connections.get(upstream.name)
  const same = known !== undefined && wireOf(known.upstream) === wireOf(upstream)
  return same ? known.connection : connectUpstream(upstream)
}

/** What a connection depends on. */
function wireOf({ url, tls, timeoutSeconds }: Upstream): string {
  return JSON.stringify([url, tls, timeoutSeconds])
}

function limitsOf(settings: Config['settings'], limiter: Limiter): Limits | null {
  if (!settings['limits.enabled']) return null
  const windowSeconds = 60
  return {
    limiter,
    perPrincipal: { name: 'principal', quota: settings['limits.requestsPerMinute'], windowSeconds },
    perAnonymousAddress: { name: 'anonymous', quota: settings['limits.anonymousPerMinute'], windowSeconds },
    discovery: { name: 'discovery', quota: settings['limits.requestsPerMinute'], windowSeconds },
    failures: { name: 'failures', quota: settings['limits.failuresPerMinute'], windowSeconds },
  }
}
