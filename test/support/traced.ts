import { startGateway } from './gateway.ts'
import type { TestGateway } from './gateway.ts'
import { startOtlpCollector } from './otlp-collector.ts'
import type { OtlpCollector, OtlpCollectorOptions } from './otlp-collector.ts'
import type { SeenSpan } from './otlp-read.ts'
import { startRecordingUpstream } from './recording-upstream.ts'
import type { RecordedCall, RecordingUpstream, Respond } from './recording-upstream.ts'
import type { Clock } from '../../src/lib/clock.ts'

export interface TracedOptions {
  /** More of `telemetry.traces`; `endpoint: undefined` turns it off. */
  readonly traces?: Readonly<Record<string, unknown>>
  /** The rest of the configuration. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** More of the upstream's entry. */
  readonly entry?: Readonly<Record<string, unknown>>
  readonly collector?: OtlpCollectorOptions
  readonly respond?: Respond
  readonly clock?: Clock
}

/** A gateway that sends spans to a real collector, before an upstream that writes every call down. */
export interface Traced {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  readonly collector: OtlpCollector
  readonly key: string
  /** POSTs a body to `/mcp` as the caller; waits for the whole answer. */
  post(body: string | object, headers?: Readonly<Record<string, string>>, path?: string): Promise<Response>
  /** Stops the gateway, which sends what is left; answers every span there was. */
  spans(): Promise<readonly SeenSpan[]>
  close(): Promise<void>
}

export async function startTraced(options: TracedOptions = {}): Promise<Traced> {
  const { traces = {}, settings = {}, entry = {}, respond, clock } = options
  const collector = await startOtlpCollector(options.collector)
  const upstream = await startRecordingUpstream({
    assertion: false,
    ...(respond === undefined ? {} : { respond }),
  })
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url, identity: 'none', ...entry }],
    settings: { telemetry: { traces: { endpoint: collector.url, sampleRatio: 1, ...traces } }, ...settings },
    ...(clock === undefined ? {} : { clock }),
  })
  const { key } = await gateway.createKey(await gateway.addUser('traced@example.com'))
  let stopped: Promise<boolean> | null = null
  const stop = () => (stopped ??= gateway.serving.stop())
  return {
    gateway,
    upstream,
    collector,
    key,
    async post(body, headers = {}, path = '/mcp') {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const typed = { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' }
      const response = await fetch(`${gateway.url}${path}`, {
        method: 'POST',
        headers: { ...typed, ...headers },
        body: text,
      })
      await response.clone().text()
      return response
    },
    async spans() {
      await stop()
      return collector.spans
    },
    async close() {
      await stop()
      await gateway.close()
      await upstream.close()
      await collector.close()
    },
  }
}

/** A `tools/call`, with whatever `_meta` it is given. */
export function toolCall(name: string, meta?: object, more: object = {}) {
  const params = { name, arguments: {}, ...more, ...(meta === undefined ? {} : { _meta: meta }) }
  return { jsonrpc: '2.0', id: 7, method: 'tools/call', params }
}

/** Answers each request with an empty result and these fields. */
export function answeringWith(fields: (call: RecordedCall) => Readonly<Record<string, string>>): Respond {
  return (call, response) => {
    const text = '{"jsonrpc":"2.0","id":1,"result":{}}'
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': text.length,
      ...fields(call),
    })
    response.end(text)
  }
}

/** Answers each request with this JSON. */
export function answering(answer: (call: RecordedCall) => object): Respond {
  return (call, response) => {
    const text = JSON.stringify(answer(call))
    response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) })
    response.end(text)
  }
}
