import { connect, constants } from 'node:http2'
import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2'
import { attemptMs } from './span-transport.ts'
import type { Delivery, SpanTransport } from './span-transport.ts'

export interface OtlpGrpcOptions {
  readonly endpoint: URL
  readonly headers: readonly (readonly [string, string])[]
  /** What is sent. */
  readonly signal: 'traces' | 'metrics'
}

const methods = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const

/**
 * OTLP over gRPC: one unary method, which over `node:http2` is a frame of five bytes and a look at the trailers. With
 * an http URL in plain HTTP/2, with https over TLS.
 */
export function createOtlpGrpc({ endpoint, headers, signal: told }: OtlpGrpcOptions): SpanTransport {
  let session: ClientHttp2Session | null = null
  const opened = (): ClientHttp2Session => {
    if (session !== null && !session.closed && !session.destroyed) return session
    const fresh = connect(endpoint.origin)
    fresh.on('error', () => {})
    fresh.once('goaway', () => fresh.close())
    session = fresh
    return fresh
  }
  const fields = Object.fromEntries(headers.map(([name, value]) => [name.toLowerCase(), value]))
  return {
    send(body, signal) {
      const current = opened()
      // An idle connection keeps no process alive; one that is waited for does.
      current.ref()
      return call(current, methods[told], fields, framed(body), signal).finally(() => {
        if (!current.destroyed) current.unref()
      })
    },
    close() {
      session?.destroy()
      return Promise.resolve()
    },
  }
}

/** Not compressed, and its length (gRPC over HTTP/2, Length-Prefixed-Message). */
function framed(body: Buffer): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(body.length, 1)
  return Buffer.concat([prefix, body])
}

function call(
  session: ClientHttp2Session,
  method: string,
  fields: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<Delivery> {
  return new Promise((resolve) => {
    const stream = session.request(
      {
        ...fields,
        [constants.HTTP2_HEADER_METHOD]: 'POST',
        [constants.HTTP2_HEADER_PATH]: method,
        'content-type': 'application/grpc',
        te: 'trailers',
        'grpc-timeout': `${attemptMs}m`,
      },
      { signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]) },
    )
    let delivery: Delivery = 'again'
    const note = (head: IncomingHttpHeaders) => {
      const status = head['grpc-status']
      if (typeof status === 'string') delivery = deliveryOf(Number(status))
    }
    // A refusal may come as headers alone, without trailers.
    stream.on('response', note)
    stream.on('trailers', note)
    stream.on('error', () => {})
    stream.once('close', () => resolve(delivery))
    stream.resume()
    stream.end(body)
  })
}

/** CANCELLED, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS. */
const retryable: ReadonlySet<number> = new Set([1, 4, 8, 10, 11, 14, 15])

function deliveryOf(status: number): Delivery {
  if (status === 0) return 'taken'
  return retryable.has(status) ? 'again' : 'refused'
}
