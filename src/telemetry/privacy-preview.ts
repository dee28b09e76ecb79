import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { UserPrincipal } from '../principal/principal.ts'
import type { Attribution } from './attribution.ts'
import { createAuditSink } from './audit-sink.ts'
import type { AuditedCalls } from './audit-sink.ts'
import type { AuditRow } from './audit-store.ts'
import { createEventEncoder, events } from './event.ts'
import type { CommonFacts } from './event.ts'
import { eventStyle } from './event-format.ts'
import type { AnalyticsFormat } from './event-format.ts'
import { fieldOf } from './field.ts'
import type { Declared } from './field.ts'
import { createMetricSink } from './metric-sink.ts'
import { Metrics } from './metrics.ts'
import { NameRegistry } from './name-registry.ts'
import { reaches } from './privacy-contract.ts'
import type { SinkName } from './privacy-contract.ts'
import { signals } from './signals.ts'
import type { EventName, Signal, SignalName } from './signals.ts'
import { clientAttributes, serverAttributes } from './span-attributes.ts'
import type { ClientFacts, ServerFacts, SpanDisclosure } from './span-attributes.ts'
import { spanBatch, spanName, spanSource } from './traces.ts'
import type { TraceProtocol } from './traces.ts'

/** The sinks that are on, and how each is set; null for one that is off. */
export interface PreviewedSinks {
  readonly metrics: boolean
  readonly audit: AuditedCalls
  readonly analytics: { readonly format: AnalyticsFormat; readonly common: CommonFacts } | null
  readonly traces: {
    readonly protocol: TraceProtocol
    readonly discloses: SpanDisclosure
    readonly version: string
  } | null
}

export interface PreviewParts {
  readonly sinks: PreviewedSinks
  readonly attribution: Attribution
  /** The upstreams as configured, with the tools the operator has listed. */
  readonly upstreams: readonly { readonly name: string; readonly tools: readonly string[] }[]
}

/** What one sink would send for one signal. Protobuf is no text: it is in base64, and once more readable. */
export interface PreviewedBytes {
  readonly signal: SignalName
  readonly sink: SinkName
  readonly form: 'text' | 'base64' | 'readable'
  readonly bytes: string
}

const exampleTime = Date.UTC(2026, 0, 1)
const clock: Clock = { now: () => exampleTime, monotonic: () => 0 }
const random: RandomSource = { bytes: (count) => new Uint8Array(count).fill(7) }
const noLog = { debug() {}, info() {}, warn() {}, error() {} }

/** Somebody made up: no preview reads a real person from the store. */
const examplePrincipal: UserPrincipal = {
  kind: 'user',
  issuer: 'http://127.0.0.1:8787',
  subject: 'usr_example',
  workspace: 'default',
  scopes: [],
  credentialId: 'examplekeyid',
  upstreams: [],
  attributionSalt: 'example',
}

/** One example of every signal, through the encoders that the product itself sends with. */
export async function previewSinks(parts: PreviewParts): Promise<PreviewedBytes[]> {
  const names = new NameRegistry()
  const metrics = new Metrics(names)
  const shown: PreviewedBytes[] = []
  for (const [name, signal] of Object.entries<Signal>(signals)) {
    const fields = exampleOf(signal, names, parts.upstreams)
    const told = { name: name as SignalName, signal, fields }
    const add = (sink: SinkName, texts: readonly Shown[]) => {
      if (!reaches(signal, sink)) return
      for (const text of texts) shown.push({ signal: told.name, sink, ...text })
    }
    add('metrics', parts.sinks.metrics ? metricLines(told, metrics).map(asText) : [])
    add('traces', spanBytes(told, parts))
    add('analytics', eventBytes(told, parts))
    add('audit', await auditRows(told, parts.sinks.audit))
  }
  return shown
}

type Shown = Pick<PreviewedBytes, 'form' | 'bytes'>

function asText(bytes: string): Shown {
  return { form: 'text', bytes }
}

interface Told {
  readonly name: SignalName
  readonly signal: Signal
  readonly fields: Readonly<Record<string, unknown>>
}

function exampleOf(
  { fields }: Signal,
  names: NameRegistry,
  upstreams: PreviewParts['upstreams'],
): Told['fields'] {
  const first = upstreams[0]
  const known: Readonly<Record<string, string | undefined>> = {
    upstream: first?.name,
    tool: first?.tools[0],
    route: '/mcp',
  }
  const valueOf = (declared: Declared): unknown => {
    const field = fieldOf(declared)
    switch (field.kind) {
      case 'oneOf':
        return field.values[0]
      case 'flag':
        return true
      case 'registered':
        return names.register(field.set, known[field.set] ?? `example-${field.set}`)
      case 'duration':
        return 0.25
      case 'size':
      case 'count':
        return 3
      case 'identity':
        return examplePrincipal
      case 'detail':
      case 'local':
        return 'example'.slice(0, field.longest)
    }
  }
  return Object.fromEntries(Object.entries(fields).map(([key, declared]) => [key, valueOf(declared)]))
}

/** The lines the example changes; `/metrics` shows them among all others. */
function metricLines({ name, fields }: Told, metrics: Metrics): string[] {
  const before = new Set(metrics.render().split('\n'))
  createMetricSink(metrics).moverOf(name)?.(fields)
  return metrics
    .render()
    .split('\n')
    .filter((line) => !before.has(line))
}

async function auditRows({ name, fields }: Told, calls: AuditedCalls): Promise<Shown[]> {
  const rows: AuditRow[] = []
  const newBatch = () => ({
    get size() {
      return rows.length
    },
    add: (row: AuditRow) => void rows.push(row),
    write: () => Promise.resolve(),
  })
  const sink = createAuditSink(calls, { store: { newBatch }, clock, random, log: noLog, dropped() {} })
  sink.take(name, fields)
  await sink.flush()
  return rows.map((row) => asText(JSON.stringify(row)))
}

function eventBytes(
  { name, fields, signal }: Told,
  { sinks, attribution, upstreams }: PreviewParts,
): Shown[] {
  if (sinks.analytics === null || !events.has(name)) return []
  const { common, format } = sinks.analytics
  const style = eventStyle(format, common)
  const encode = createEventEncoder({
    style,
    common,
    attribution,
    isListed: (set, text) =>
      upstreams.some((one) =>
        set === 'upstream' ? one.name === text : set === 'tool' && one.tools.includes(text),
      ),
    newEventId: () => 'evt_example',
  })
  const count = signal.gathered === undefined ? null : 1
  const event = encode({ name: name as EventName, fields, at: exampleTime, count })
  return [asText(`${style.opening}${event}${style.closing}`)]
}

function spanBytes({ name, fields }: Told, { sinks: { traces }, attribution }: PreviewParts): Shown[] {
  if (traces === null || (name !== 'server_span' && name !== 'client_span')) return []
  const facts = fields as unknown as ServerFacts | ClientFacts
  const attributes =
    name === 'server_span'
      ? serverAttributes(facts as ServerFacts, traces.discloses, attribution, 'example-session')
      : clientAttributes(facts as ClientFacts)
  const span = {
    traceId: '07'.repeat(16),
    spanId: '07'.repeat(8),
    parentSpanId: null,
    remoteParent: false,
    name: spanName(facts),
    kind: name === 'server_span' ? 'server' : 'client',
    startedAt: exampleTime,
    endedAt: exampleTime + 250,
    attributes,
    links: [],
    failed: false,
  } as const
  const source = spanSource({ version: traces.version, random })
  const encoded = (protocol: TraceProtocol) => {
    const batch = spanBatch(protocol, source)
    batch.add(span)
    return batch.whole()
  }
  const readable = encoded('http/json').toString('utf8')
  if (traces.protocol === 'http/json') return [asText(readable)]
  const bytes = encoded(traces.protocol).toString('base64')
  return [
    { form: 'base64', bytes },
    { form: 'readable', bytes: readable },
  ]
}
