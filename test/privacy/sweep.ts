import { once } from 'node:events'
import { createServer } from 'node:net'
import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { events } from '../../src/telemetry/event.ts'
import type { AttributionMode } from '../../src/telemetry/attribution.ts'
import { startEventReceiver } from '../support/event-receiver.ts'
import { startGateway } from '../support/gateway.ts'
import { startOtlpCollector } from '../support/otlp-collector.ts'
import type { OtlpCollector } from '../support/otlp-collector.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startPeers } from '../support/sign-in-peers.ts'
import type { PeerPerson } from '../support/sign-in-peers.ts'
import { Canaries, places } from './canaries.ts'
import type { Place } from './canaries.ts'
import { drive } from './drive.ts'
import { driveOauth } from './drive-oauth.ts'
import { driveSignIn } from './drive-sign-in.ts'
import { startLeakyUpstream } from './leaky-upstream.ts'
import { startTap } from './tap.ts'
import type { Tap } from './tap.ts'

const words = new RegExp(
  '^(?:argument|value|uri|instructions|server (?:name|version)|upstream (?:content|key|value|meta|traceparent)|' +
    '(?:shared|private) (?:tool|prompt)(?: title| description)?)$',
)

export interface SweepChoice {
  readonly seed: number
  readonly mode: AttributionMode
  readonly protocol: 'http/protobuf' | 'http/json' | 'grpc'
  /** Whether spans say what they only say on request: resources, arguments, results, addresses. */
  readonly details?: boolean
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
export async function sweep({ seed, mode, protocol, details = false }: SweepChoice): Promise<SweepResult> {
  await using ends = new AsyncDisposableStack()
  const canaries = new Canaries(seed, (name) => (details && isWord(name) ? ['traces'] : []))
  const grpc = protocol === 'grpc'
  const [collector, numbers, receiver, upstream] = await Promise.all([
    startOtlpCollector({ grpc }),
    startOtlpCollector({ grpc, signal: 'metrics' }),
    startEventReceiver(),
    startLeakyUpstream(canaries),
  ])
  for (const end of [collector, numbers, receiver, upstream]) ends.defer(() => end.close())
  const targets = [collector, numbers, receiver]
  const [toCollector, toNumbers, toReceiver] = await startTaps(targets.map((to) => to.url))
  for (const tap of [toCollector, toNumbers, toReceiver]) ends.defer(() => tap.close())
  const port = await freePort()
  const peer = markedPeer(canaries)
  const peers = await startPeers(`http://127.0.0.1:${port}`, peer)
  ends.defer(() => peers.close())
  for (const text of peers.secrets) canaries.watch('secret at a provider', text)

  const secret = (name: string, ...allowed: Place[]) =>
    `${canaries.make(`configured ${name}`, ...allowed)}-0123456789abcdef-${name}`
  const metricsToken = secret('metrics.token')
  const telemetry = {
    metrics: {
      token: metricsToken,
      endpoint: toNumbers.url,
      protocol,
      headers: `x-collector=${canaries.make('header of the numbers', 'metrics')}`,
      intervalSeconds: 3600,
    },
    traces: {
      details,
      arguments: details,
      clientAddress: details,
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
      listen: { port },
      secretsKey: secret('secretsKey'),
      auth: { ...peers.auth, adminToken: secret('adminToken'), adminOnMcp: true },
      limits: { failuresPerMinute: 100_000, anonymousPerMinute: 1, loginsPerMinute: 100 },
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

  const password = canaries.make('password')
  await gateway.givePassword(user, password)

  await drive({ port, canaries, key })
  const target = { url: gateway.url, canaries, peer, person: { email: user.email, password } }
  await driveSignIn(target)
  await driveOauth(target)
  const page = await sendRaw(
    gateway.port,
    rawRequest('GET', '/metrics', [['Authorization', `Bearer ${metricsToken}`]]),
  )
  await gateway.serving.stop()
  const bytes = {
    traces: Buffer.concat([sentTo(collector, grpc), toCollector.bytes()]),
    analytics: toReceiver.bytes(),
    metrics: Buffer.concat([
      Buffer.from(`${page?.head}\n${page?.body}`),
      sentTo(numbers, grpc),
      toNumbers.bytes(),
    ]),
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

/** Words of a call or an answer that a span may carry when it is asked for them; no secret among them is one. */
function isWord(name: string): boolean {
  return words.test(name)
}

/** What a collector was sent, where the wire has it packed: the heads of gRPC are. */
function sentTo({ bodies, batches }: OtlpCollector, packed: boolean): Buffer {
  if (!packed) return Buffer.alloc(0)
  return Buffer.concat([...bodies, Buffer.from(JSON.stringify(batches))])
}

async function startTaps([one = '', two = '', three = '']: readonly string[]): Promise<
  readonly [Tap, Tap, Tap]
> {
  return [await startTap(one), await startTap(two), await startTap(three)]
}

/** A port that was free a moment ago: the providers are told of it before the gateway listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return address !== null && typeof address === 'object' ? address.port : 0
}

function markedPeer(canaries: Canaries): PeerPerson {
  const mark = (name: string) => canaries.make(`peer ${name}`)
  const email = `${mark('address')}@example.com`
  return { login: mark('login'), email, subject: mark('subject'), password: mark('password') }
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
