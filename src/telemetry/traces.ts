import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import { randomBase62 } from '../lib/base62.ts'
import type { Log } from './log.ts'
import type { NameRegistry } from './name-registry.ts'
import { createOtlpGrpc } from './otlp-grpc.ts'
import { createOtlpHttp } from './otlp-http.ts'
import { JsonSpanBatch } from './otlp-json.ts'
import { ProtobufSpanBatch } from './otlp-protobuf.ts'
import { clientAttributes, serverAttributes } from './span-attributes.ts'
import type { ClientFacts, ServerFacts, SpanAttribution, SpanDisclosure } from './span-attributes.ts'
import { createReport } from './report.ts'
import { SpanQueue } from './span-queue.ts'
import type { DropReason, SpanBatch } from './span-queue.ts'
import type { SpanTransport } from './span-transport.ts'
import type { Span, SpanSource } from './span.ts'
import { TraceContexts } from './trace-context.ts'
import type { Parents, TraceContext } from './trace-context.ts'
import { createValidator } from './validate.ts'

export const traceProtocols = ['http/protobuf', 'http/json', 'grpc'] as const
export type TraceProtocol = (typeof traceProtocols)[number]

export interface TracesOptions {
  readonly endpoint: URL
  readonly protocol: TraceProtocol
  /** Sent with every batch, such as a collector's credential. */
  readonly headers: readonly (readonly [string, string])[]
  readonly sampleRatio: number
  readonly slowSeconds: number
  readonly discloses: SpanDisclosure
}

export interface TracesDependencies {
  readonly clock: Clock
  readonly random: RandomSource
  readonly names: NameRegistry
  readonly log: Log
  readonly version: string
  readonly attribution: SpanAttribution
  /** Counts spans that never reached the collector. */
  readonly onDropped: (reason: DropReason, spans: number) => void
  /** Counts a span whose facts were none of the catalogue's. */
  readonly onRefused: (signal: 'server_span' | 'client_span') => void
}

/** A request that is kept. Times are on the monotonic clock, in milliseconds. */
export interface KeptCall {
  readonly context: TraceContext
  readonly startedAt: number
  readonly endedAt: number
  readonly failed: boolean
  readonly facts: ServerFacts
  /** The MCP session the caller is in, if any. No fact of the catalogue: only attribution sees it. */
  readonly sessionId?: string | undefined
  /** The call to the upstream; null when there was none. */
  readonly client: {
    readonly startedAt: number
    readonly endedAt: number
    readonly failed: boolean
    readonly facts: ClientFacts
  } | null
}

/** The traces sink. It makes spans only of what is kept, afterwards, from recorded times. */
export interface Traces {
  readonly slowSeconds: number
  readonly discloses: SpanDisclosure
  /** Gives a request its place in a trace, and decides whether it is sampled. */
  open(parents: Parents): TraceContext
  /** Whether a kept call would find room; to be asked before one is made. `refused`: the caller was turned away. */
  hasRoom(spans: number, refused: boolean): boolean
  keep(call: KeptCall): void
  /** Sends what is left and breaks off, within a few seconds whatever the collector does. Never rejects. */
  close(): Promise<void>
}

const flushMs = 3000

export function createTraces(options: TracesOptions, parts: TracesDependencies): Traces {
  const { clock, attribution } = parts
  const contexts = new TraceContexts(options.sampleRatio, parts.random)
  const isServerSpan = createValidator('server_span', parts.names)
  const isClientSpan = createValidator('client_span', parts.names)
  const transport = transportOf(options)
  const source = spanSource(parts)
  const report = createReport('traces', parts.log)
  const queue = new SpanQueue({
    newBatch: () => spanBatch(options.protocol, source),
    onDropped: parts.onDropped,
    async send(body, signal) {
      const delivery = await transport.send(body, signal)
      report(delivery === 'taken')
      return delivery
    },
  })
  return {
    slowSeconds: options.slowSeconds,
    discloses: options.discloses,
    open: (parents) => contexts.open(parents),
    hasRoom: (spans, refused) => queue.hasRoom(spans, refused),
    keep({ context, startedAt, endedAt, failed, facts, sessionId, client }) {
      if (!isServerSpan(facts)) return parts.onRefused('server_span')
      const { traceId, parentSpanId } = context
      // Spans are measured on the clock that never goes back, and dated by the wall clock of their end.
      const epoch = clock.now() - clock.monotonic()
      const spanId = contexts.newSpanId()
      queue.add({
        traceId,
        spanId,
        parentSpanId,
        remoteParent: parentSpanId !== null,
        name: spanName(facts),
        kind: 'server',
        startedAt: epoch + startedAt,
        endedAt: epoch + endedAt,
        attributes: serverAttributes(facts, options.discloses, attribution, sessionId),
        links: context.links,
        failed,
      })
      if (client === null) return
      if (!isClientSpan(client.facts)) return parts.onRefused('client_span')
      queue.add({
        traceId,
        spanId: context.clientSpanId,
        parentSpanId: spanId,
        remoteParent: false,
        name: spanName(client.facts),
        kind: 'client',
        startedAt: epoch + client.startedAt,
        endedAt: epoch + client.endedAt,
        attributes: clientAttributes(client.facts),
        links: [],
        failed: client.failed,
      } satisfies Span)
    },
    async close() {
      await queue.close(flushMs)
      await transport.close().catch(() => {})
    },
  }
}

/** `tools/call search`; `POST /mcp/{upstream}` while no message is known. Never a name that is not registered. */
export function spanName(facts: ServerFacts | ClientFacts): string {
  const { mcp_method, tool, prompt, method } = facts
  if (mcp_method === undefined)
    return 'route' in facts && facts.route !== undefined ? `${method} ${facts.route}` : method
  const target = tool ?? prompt
  return target === undefined ? mcp_method : `${mcp_method} ${target}`
}

function transportOf({ protocol, endpoint, headers }: TracesOptions): SpanTransport {
  if (protocol === 'grpc') return createOtlpGrpc({ endpoint, headers, signal: 'traces' })
  const contentType = protocol === 'http/json' ? 'application/json' : 'application/x-protobuf'
  return createOtlpHttp({ endpoint, headers, contentType, signal: 'traces' })
}

/** An empty batch as a protocol has it. */
export function spanBatch(protocol: TraceProtocol, source: SpanSource): SpanBatch {
  return protocol === 'http/json' ? new JsonSpanBatch(source) : new ProtobufSpanBatch(source)
}

/** What all spans and numbers of one process say of where they come from. */
export function spanSource({ version, random }: Pick<TracesDependencies, 'version' | 'random'>): SpanSource {
  return {
    resource: [
      ['service.name', 'sallyport'],
      ['service.version', version],
      ['service.instance.id', randomBase62(16, random)],
    ],
    scope: { name: 'sallyport', version },
  }
}
