import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { Server, ServerCredentials, status } from '@grpc/grpc-js'
import type { ServiceDefinition, UntypedServiceImplementation } from '@grpc/grpc-js'
import { readJson, readProtobuf } from './otlp-read.ts'
import type { SeenSpan } from './otlp-read.ts'

export interface OtlpCollectorOptions {
  readonly grpc?: boolean
  /** What is sent to it; spans unless said otherwise. Of metrics it keeps the bodies. */
  readonly signal?: 'traces' | 'metrics'
  /** The status of the n-th batch, from 1: an HTTP one or a gRPC one; null never answers. Default: it is taken. */
  readonly answer?: (batch: number) => number | null
}

/** A real OTLP receiver on a free loopback port. */
export interface OtlpCollector {
  /** The URL to configure. */
  readonly url: string
  /** Every span that was taken. */
  readonly spans: readonly SeenSpan[]
  /** Each body that was taken. */
  readonly bodies: readonly Buffer[]
  /** The head of each batch: request fields, or gRPC metadata; the path under `:path`. */
  readonly batches: readonly IncomingHttpHeaders[]
  /** Connections so far. */
  readonly connections: number
  /** Resolves once so many batches have arrived. */
  arrived(batches: number): Promise<void>
  /** Resolves with the spans once there are so many. */
  taken(spans: number): Promise<readonly SeenSpan[]>
  close(): Promise<void>
}

/** Starts it. */
export async function startOtlpCollector(options: OtlpCollectorOptions = {}): Promise<OtlpCollector> {
  const { grpc = false, signal = 'traces', answer = () => (grpc ? 0 : 200) } = options
  const bodies: Buffer[] = []
  const spans: SeenSpan[] = []
  const batches: IncomingHttpHeaders[] = []
  const waiting = new Set<() => void>()
  const state = { connections: 0 }
  /** Notes one batch; answers its status. */
  const take = (head: IncomingHttpHeaders, body: Buffer): number | null => {
    batches.push(head)
    const outcome = answer(batches.length)
    if (outcome === (grpc ? 0 : 200)) {
      bodies.push(body)
      if (signal === 'traces')
        spans.push(...(head['content-type'] === 'application/json' ? readJson(body) : readProtobuf(body)))
    }
    for (const look of waiting) look()
    return outcome
  }
  const until = (reached: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!reached()) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  const server = await (grpc ? startGrpc(take, exportPaths[signal]) : startHttp(take, state))
  return {
    url: server.url,
    spans,
    bodies,
    batches,
    get connections() {
      return state.connections
    },
    arrived: (count) => until(() => batches.length >= count),
    taken: (count) => until(() => spans.length >= count).then(() => spans),
    close: server.close,
  }
}

type Take = (head: IncomingHttpHeaders, body: Buffer) => number | null
interface Started {
  readonly url: string
  close(): Promise<void>
}

async function startHttp(take: Take, state: { connections: number }): Promise<Started> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const outcome = take({ ...request.headers, ':path': request.url ?? '' }, Buffer.concat(chunks))
      if (outcome !== null) response.writeHead(outcome, { 'Content-Type': 'application/json' }).end('{}')
    })
  })
  server.on('connection', () => {
    state.connections += 1
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close()
      server.closeAllConnections()
      if (server.listening) await once(server, 'close')
    },
  }
}

const exportPaths = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
}
const asIs = (bytes: Buffer) => bytes
const serviceAt = (path: string): ServiceDefinition => ({
  Export: {
    path,
    requestStream: false,
    responseStream: false,
    requestSerialize: asIs,
    requestDeserialize: asIs,
    responseSerialize: asIs,
    responseDeserialize: asIs,
  },
})

/** gRPC's own server: it takes nothing that is not gRPC. */
async function startGrpc(take: Take, exportPath: string): Promise<Started> {
  const server = new Server()
  const implementation: UntypedServiceImplementation = {
    Export(
      call: { metadata: { getMap(): Record<string, string | Buffer> }; request: Buffer },
      answer: (error: { code: number; details: string } | null, body?: Buffer) => void,
    ) {
      const fields = Object.entries(call.metadata.getMap()).map(([name, value]) => [name, value.toString()])
      const head: IncomingHttpHeaders = Object.fromEntries(fields)
      const outcome = take({ ...head, ':path': exportPath }, call.request)
      if (outcome === status.OK) answer(null, Buffer.alloc(0))
      else if (outcome !== null) answer({ code: outcome, details: 'as the test says' })
    },
  }
  server.addService(serviceAt(exportPath), implementation)
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.forceShutdown()
      return Promise.resolve()
    },
  }
}
