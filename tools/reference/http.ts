import { loadConfig } from '../../src/config/load.ts'
import type { GatewayParts } from '../../src/gateway/handle-request.ts'
import { buildRoutes } from '../../src/server/routes.ts'
import { upstreamsOf } from '../../src/server/upstreams-of.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { NameRegistry } from '../../src/telemetry/name-registry.ts'
import { code, page, table } from './markdown.ts'

/** `docs/reference/http.md`: every path the product answers, with one upstream and the defaults. */
export function httpPage(): string {
  const loaded = loadConfig({
    flags: new Map(),
    upstreamFlags: ['example=http://127.0.0.1:3000/mcp'],
    environment: {},
    file: null,
    readSecretFile: () => '',
  })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  const names = new NameRegistry()
  const routes = buildRoutes({
    upstreams: upstreamsOf(loaded.config.upstreams),
    // The table is only read here: no request ever reaches what stands behind it.
    gateway: {} as GatewayParts,
    names,
    publicUrl: new URL('http://127.0.0.1/'),
    externalIssuers: [],
    metrics: new Metrics(names),
    metricsToken: null,
    localOnly: true,
    publishedKeys: () => [],
    ping: () => Promise.resolve(),
    isClosing: () => false,
  })
  const rows = [...routes.values()].map(({ template, methods, surface }) => [
    code(template),
    methods.map(code).join(', '),
    code(surface),
  ])
  return page(
    'HTTP',
    'src/server/routes.ts',
    'Paths match byte for byte. Any other path is refused with `not_found`, any other method with ' +
      '`method_not_allowed`. Host and Origin are checked first, on every path. The surface is a label of the metrics.',
    '`/mcp` is there when one upstream is the default. `/metrics` is there when metrics are enabled and either a ' +
      'token is set or the public URL is on loopback. Metadata of a protected resource is there for upstreams that accept ' +
      '`oauth`; a public URL with a path has it below that path and, by RFC 9728, before it.',
    table(['Path', 'Methods', 'Surface'], rows.sort()),
  )
}
