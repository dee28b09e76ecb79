import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn, setTimeout as wait } from 'node:timers/promises'
import { systemClock as clock } from '../src/lib/clock.ts'
import { systemRandom as random } from '../src/lib/random.ts'
import { openStore } from '../src/storage/open-store.ts'
import { createAnalytics } from '../src/telemetry/analytics.ts'
import { createAttribution } from '../src/telemetry/attribution.ts'
import { createAuditSink } from '../src/telemetry/audit-sink.ts'
import { createDeliveryHttp } from '../src/telemetry/delivery-http.ts'
import { newInstallId } from '../src/telemetry/install-id.ts'
import { createMetricSink } from '../src/telemetry/metric-sink.ts'
import { Metrics } from '../src/telemetry/metrics.ts'
import { NameRegistry } from '../src/telemetry/name-registry.ts'
import { createEmit } from '../src/telemetry/telemetry.ts'
import { createTraces } from '../src/telemetry/traces.ts'
import { startReceiver } from './contestants.ts'
import { spreadOf } from './statistics.ts'

/**
 * What the signals of one call cost, without the call: `node bench/signals.ts metrics audit analytics traces` puts those
 * sinks behind them. Paced like a gateway, 32 calls a turn and some 10 000 a second; less what the same pauses use alone.
 */
const wanted = new Set(process.argv.slice(2))
const receiver = await startReceiver(null)
const directory = await mkdtemp(join(tmpdir(), 'sallyport-signals-'))
const store = openStore(`sqlite:${join(directory, 'store.db')}`, { clock, random })
await store.migrate()

const log = { debug() {}, info() {}, warn() {}, error() {} }
const names = new NameRegistry()
const attribution = createAttribution('hash', {
  id: 'k1',
  secret: 'used-by-this-benchmark-and-by-nothing-else',
})
let lost = 0
const countLost = (_reason: string, count: number) => void (lost += count)
const audit = createAuditSink('all', { store: store.audit, clock, random, log, dropped: countLost })
const url = new URL('/works', receiver.listening)
const facts = {
  installation_type: 'local',
  is_ci: false,
  is_container: false,
  launch_method: 'other',
} as const
const common = { version: 'dev', transport: 'http', install_id: newInstallId(random), ...facts } as const
const http = createDeliveryHttp({ url, token: null, agent: 'bench' })
const analytics = createAnalytics({ format: 'json', common }, { http, attribution, clock, random, log })
const traces = createTraces(
  {
    endpoint: url,
    protocol: 'http/protobuf',
    headers: [],
    sampleRatio: wanted.has('traces') ? 0.1 : 0,
    slowSeconds: 5,
    discloses: { details: false, contents: false, clientAddress: false },
  },
  {
    clock,
    random,
    names,
    log,
    version: 'dev',
    attribution,
    onDropped: countLost,
    onRefused: countLost.bind(null, '', 1),
  },
)
const sinks = [...(wanted.has('audit') ? [audit] : []), ...(wanted.has('analytics') ? [analytics] : [])]
const emit = createEmit(names, wanted.has('metrics') ? createMetricSink(new Metrics(names)) : null, sinks)

const upstream = names.register('upstream', 'json')
const tool = names.register('tool', 'search_issues')
const route = names.register('route', '/mcp/{upstream}')
const server_address = names.register('server_address', '127.0.0.1')
const sender = { auth_mode: 'api_key', client: 'other', llm_family: 'unknown' } as const
const person = { kind: 'user', issuer: 'http://127.0.0.1:8787', subject: 'usr_abcdefghijklmnopqrst' } as const
const key = { credentialId: 'abcdefghijkl', attributionSalt: 'abcdefghijklmnop' }
const principal = { ...person, ...key, workspace: 'default', scopes: [], upstreams: [] }
const about = { method: 'POST', mcp_method: 'tools/call', tool, prompt: undefined } as const
const fine = { rpc_code: undefined, error_type: undefined }
const nothing = { resource_uri: undefined, arguments: undefined, result: undefined }

analytics.list([{ name: 'json', tools: ['search_issues'] }])
let calls = 0

function tellOne(): void {
  calls += 1
  const duration = 0.003 + (calls % 7) / 1000
  const context = wanted.has('traces') ? traces.open({ http: null, meta: [] }) : null
  emit('http_request_started', { route })
  emit('auth_decided', { method: 'api_key', outcome: 'accepted' })
  emit('cache_used', { cache: 'assertion', outcome: 'hit' })
  emit('http_request_ended', { route, method: 'POST', status_class: '2xx', duration })
  if (context?.sampled === true && traces.hasRoom(2, false)) {
    const startedAt = clock.monotonic()
    const times = { startedAt, endedAt: startedAt + 3, failed: false }
    const request = {
      protocol_version: '2026-07-28',
      request_number: calls,
      http_version: '1.1',
      status: 200,
    } as const
    const server = {
      ...about,
      ...fine,
      ...nothing,
      ...request,
      route,
      upstream,
      client: 'other',
      principal,
      address: '127.0.0.1',
    } as const
    const client = { ...about, ...fine, upstream, server_address, server_port: 8080 }
    traces.keep({ context, ...times, facts: server, client: { ...times, facts: client } })
  }
  const shared = { upstream, tool, duration, principal, ...sender }
  const request = { address: '127.0.0.1', request_id: `req_abcdefghijkl${calls}`, trace_id: context?.traceId }
  const mcp_method = 'tools/call'
  emit('operation_ended', {
    ...shared,
    ...request,
    mcp_method,
    error_type: undefined,
    target: 'search_issues',
    resource_uri: undefined,
  })
  emit('upstream_operation_ended', { mcp_method, upstream, error_type: undefined, duration })
  emit('tool_called', { ...shared, outcome: 'success', error_kind: undefined, streamed: false })
}

async function run(count: number, tell: () => void): Promise<{ thread: number; all: number }> {
  const before = { all: process.cpuUsage(), thread: process.threadCpuUsage() }
  let flushedAt = performance.now()
  for (let done = 0; done < count; done += 32) {
    for (let each = 0; each < 32; each += 1) tell()
    await (done % 320 === 0 ? wait(20) : nextTurn())
    if (performance.now() - flushedAt < 1000) continue
    flushedAt = performance.now()
    void audit.flush()
  }
  await audit.flush()
  const all = process.cpuUsage(before.all)
  const thread = process.threadCpuUsage(before.thread)
  return { thread: (thread.user + thread.system) / count, all: (all.user + all.system) / count }
}

await run(40_000, tellOne)
const rounds: { thread: number; all: number }[] = []
for (let round = 0; round < 5; round += 1) {
  const told = await run(16_000, tellOne)
  const idle = await run(16_000, () => {})
  rounds.push({ thread: told.thread - idle.thread, all: told.all - idle.all })
}
const median = (pick: (round: (typeof rounds)[number]) => number) =>
  spreadOf(rounds.map(pick)).median.toFixed(1)
const used = `this thread ${median(({ thread }) => thread)} us a call, all threads ${median(({ all }) => all)}`
console.log(`${[...wanted].join(', ')}: ${used}; lost ${lost}`)
await analytics.close(1000)
await traces.close()
await store.close()
await receiver.child.stop()
await rm(directory, { recursive: true, force: true })
