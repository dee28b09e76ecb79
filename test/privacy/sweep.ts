import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { events } from '../../src/telemetry/event.ts'
import type { AttributionMode } from '../../src/telemetry/attribution.ts'
import { startEventReceiver } from '../support/event-receiver.ts'
import { startGateway } from '../support/gateway.ts'
import { startOtlpCollector } from '../support/otlp-collector.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { Canaries, places } from './canaries.ts'
import type { Place } from './canaries.ts'
import { drive } from './drive.ts'
import { startLeakyUpstream } from './leaky-upstream.ts'
import { startTap } from './tap.ts'

export interface SweepChoice {
  readonly seed: number
  readonly mode: AttributionMode
  readonly protocol: 'http/protobuf' | 'http/json'
}

export interface SweepResult {
  readonly leaks: readonly string[]
  /** The bytes that left for each place. */
  readonly bytes: Readonly<Record<Place, Buffer>>
  readonly canaries: number
  /** Events of the catalogue that did not arrive; `startup_error` needs a server that does not start. */
  readonly missing: readonly string[]
  readonly spans: number
}

/** Runs the product among marked inputs and looks for every mark in whatever left it. */
export async function sweep({ seed, mode, protocol }: SweepChoice): Promise<SweepResult> {
  await using ends = new AsyncDisposableStack()
  const canaries = new Canaries(seed)
  const [collector, receiver, upstream] = await Promise.all([
    startOtlpCollector(),
    startEventReceiver(),
    startLeakyUpstream(canaries),
  ])
  const [toCollector, toReceiver] = await Promise.all([startTap(collector.url), startTap(receiver.url)])
  for (const end of [collector, receiver, upstream, toCollector, toReceiver]) ends.defer(() => end.close())

  const secret = (name: string, ...allowed: Place[]) =>
    `${canaries.make(`configured ${name}`, ...allowed)}-0123456789abcdef-${name}`
  const metricsToken = secret('metrics.token')
  const telemetry = {
    metrics: { token: metricsToken },
    traces: {
      endpoint: toCollector.url,
      protocol,
      sampleRatio: 1,
      headers: `x-collector=${canaries.make('collector header', 'traces')}`,
    },
    analytics: {
      endpoint: toReceiver.url,
      format: protocol === 'http/json' ? 'otlp' : 'json',
      token: canaries.make('receiver token', 'analytics'),
    },
    attribution: { mode, key: secret('attribution.key'), previousKeys: [`old:${secret('previous')}`] },
  }
  const { url } = upstream
  const fixed = { identity: 'static', static: { value: secret('static.value') } }
  const gateway = await startGateway({
    upstreams: [
      { name: 'code', url, default: true, tools: ['search'] },
      { name: 'open', url, auth: 'optional', identity: 'none' },
      { name: 'theirs', url, identity: 'forward-key', keyPrefix: 'ci_', workspaces: ['default'] },
      { name: 'fixed', url, ...fixed },
      { name: 'scoped', url, scopes: ['code:read'] },
      { name: 'elsewhere', url, workspaces: ['other'] },
      { name: 'gone', url: 'http://127.0.0.1:9/mcp' },
    ],
    settings: {
      secretsKey: secret('secretsKey'),
      auth: { adminToken: secret('adminToken'), adminOnMcp: true },
      limits: { failuresPerMinute: 100_000, anonymousPerMinute: 1 },
      telemetry,
    },
    host: hostOf(canaries),
  })
  ends.defer(() => gateway.close())
  const user = await gateway.addUser(`${canaries.make('e-mail')}@example.com`)
  const { id, key } = await gateway.createKey(user, { name: canaries.make('name of a key') })
  canaries.watch('user id', user.id, ...(mode === 'id' ? (['traces'] as const) : []))
  canaries.watch('key id', id)
  canaries.watch('secret of a key', key.slice(`sp_${id}_`.length))

  await drive({ port: gateway.port, canaries, key })
  const page = await sendRaw(
    gateway.port,
    rawRequest('GET', '/metrics', [['Authorization', `Bearer ${metricsToken}`]]),
  )
  await gateway.serving.stop()
  const bytes = {
    traces: toCollector.bytes(),
    analytics: toReceiver.bytes(),
    metrics: Buffer.from(`${page?.head}\n${page?.body}`),
    log: Buffer.from(gateway.logged.join('')),
  }
  const fired = new Set(receiver.events.map(({ event }) => event))
  return {
    leaks: places.flatMap((place) => canaries.leaksIn(place, bytes[place])),
    bytes,
    canaries: canaries.count,
    missing: Array.from(events.keys()).filter((name) => name !== 'startup_error' && !fired.has(name)),
    spans: collector.spans.length,
  }
}

/** A process whose every variable that might be looked at is marked. */
function hostOf(canaries: Canaries): ProcessFacts {
  const names = [
    'USER',
    'HOME',
    'HOSTNAME',
    'PWD',
    'CI',
    'GITHUB_ACTIONS',
    'JENKINS_URL',
    'KUBERNETES_SERVICE_HOST',
  ]
  const more = ['npm_lifecycle_event', 'npm_config_user_agent', 'SYSTEMD_EXEC_PID', 'AWS_SECRET_ACCESS_KEY']
  const environment = [...names, ...more].map((name) => [name, canaries.make(`variable ${name}`)])
  return {
    environment: Object.fromEntries(environment) as Record<string, string>,
    pid: 1,
    platform: canaries.make('platform'),
    nodeVersion: canaries.make('version of Node'),
    inCheckout: false,
    inContainer: false,
  }
}
