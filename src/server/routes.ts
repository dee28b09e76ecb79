import type { JWK } from 'jose'
import { handleRequest } from '../gateway/handle-request.ts'
import type { GatewayParts } from '../gateway/handle-request.ts'
import {
  createResourceMetadata,
  resourceMetadataMaxAge,
  resourceMetadataPath,
  resourceMetadataPaths,
} from '../gateway/resource-metadata.ts'
import { mcpMethods } from '../gateway/route.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { answerHealth, createJwks, createMetricsEndpoint, createReadiness } from './endpoints.ts'
import { answerPlainly } from './plain-answer.ts'
import type { Route, RouteTable } from './route-table.ts'

export interface RoutesParts {
  readonly upstreams: readonly Upstream[]
  readonly gateway: GatewayParts
  readonly names: NameRegistry
  readonly publicUrl: URL
  /** Issuers of others whose tokens are accepted too. */
  readonly externalIssuers: readonly string[]
  readonly metrics: Metrics | null
  readonly metricsToken: string | null
  /** Whether only this machine can reach us, as far as our own addresses say. */
  readonly localOnly: boolean
  readonly publishedKeys: () => readonly JWK[]
  readonly ping: () => Promise<void>
  readonly isClosing: () => boolean
}

const json = 'application/json'
const readMethods = ['GET', 'HEAD']

/** The path below which everything is served: '' for a publicUrl without one. */
export function basePathOf(publicUrl: URL): string {
  return publicUrl.pathname.replace(/\/$/, '')
}

/** Every path the product answers. What is not here is `unknown` and answers 404. */
export function buildRoutes(parts: RoutesParts): RouteTable {
  const table = new Map<string, Route>()
  const base = basePathOf(parts.publicUrl)
  /** Below publicUrl's path, so that `publicUrl` + path is what people use. */
  const add = (path: string, template: string, route: Omit<Route, 'template'>) => {
    table.set(`${base}${path}`, { template: parts.names.register('route', template), ...route })
  }
  /** Probes and scrapers come from inside and know nothing of publicUrl's path. */
  const addAtRoot = (path: string, template: string, route: Omit<Route, 'template'>) => {
    add(path, template, route)
    table.set(path, { template: parts.names.register('route', template), ...route })
  }
  const read = { methods: readMethods }
  /** Metadata of the resource at `path`; `asked` is how it is asked for, where that is not by its path. */
  const describe = (upstream: Upstream, path: string, template: string, asked = path) => {
    const { publicUrl, externalIssuers } = parts
    const describeFor = createResourceMetadata({ publicUrl, path, upstream, externalIssuers })
    const cache = `public, max-age=${resourceMetadataMaxAge}`
    const route: Route = {
      template: parts.names.register('route', `${resourceMetadataPath}${template}`),
      surface: 'well_known',
      ...read,
      answer: (received) => answerPlainly(received, 200, json, describeFor(received.head.host), cache),
    }
    for (const place of resourceMetadataPaths(base, asked)) table.set(place, route)
  }
  addAtRoot('/healthz', '/healthz', { surface: 'health', ...read, answer: answerHealth })
  addAtRoot('/health', '/health', { surface: 'health', ...read, answer: answerHealth })
  const ready = createReadiness(parts.ping, parts.isClosing)
  addAtRoot('/readyz', '/readyz', { surface: 'health', ...read, answer: ready })
  const jwks = '/.well-known/jwks.json'
  addAtRoot(jwks, jwks, { surface: 'well_known', ...read, answer: createJwks(parts.publishedKeys) })

  // Without a token the numbers are for this machine only: where others may reach us, the page does not exist.
  const { metrics, metricsToken } = parts
  if (metrics !== null && (metricsToken !== null || parts.localOnly)) {
    const answer = createMetricsEndpoint(metrics, metricsToken)
    addAtRoot('/metrics', '/metrics', { surface: 'metrics', ...read, answer })
  }

  for (const upstream of parts.upstreams) {
    const mcp: Omit<Route, 'template'> = {
      surface: 'mcp',
      methods: mcpMethods,
      // While closing, a stream that waits for events would hold up the end: its client finds another replica.
      answer: (received) =>
        parts.isClosing() && received.head.method === 'GET'
          ? { refused: 'shutting_down' }
          : handleRequest(received, upstream, parts.gateway),
    }
    add(`/mcp/${upstream.name}`, '/mcp/{upstream}', mcp)
    if (upstream.isDefault) add('/mcp', '/mcp', mcp)
    if (!upstream.accept.includes('oauth')) continue
    describe(upstream, `/mcp/${upstream.name}`, '/mcp/{upstream}')
    if (!upstream.isDefault) continue
    describe(upstream, '/mcp', '/mcp')
    // The root form speaks for the default upstream.
    describe(upstream, '/mcp', '', '')
  }
  return table
}
