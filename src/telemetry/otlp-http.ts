import { Pool } from 'undici'
import { attemptMs } from './span-transport.ts'
import type { Delivery, SpanTransport } from './span-transport.ts'

export interface OtlpHttpOptions {
  readonly endpoint: URL
  readonly headers: readonly (readonly [string, string])[]
  /** What is sent: a URL without a path means the collector's own path for it. */
  readonly signal: 'traces' | 'metrics'
  readonly contentType: 'application/x-protobuf' | 'application/json'
}

/** OTLP over HTTP/1.1. */
export function createOtlpHttp({
  endpoint,
  headers,
  contentType,
  signal: told,
}: OtlpHttpOptions): SpanTransport {
  const pool = new Pool(endpoint.origin, {
    connections: 1,
    connect: { timeout: attemptMs / 2 },
    headersTimeout: attemptMs,
    bodyTimeout: attemptMs,
  })
  const path =
    endpoint.pathname === '/' ? `/v1/${told}${endpoint.search}` : endpoint.pathname + endpoint.search
  const fields = Object.fromEntries([...headers, ['content-type', contentType]])
  return {
    async send(body, signal) {
      try {
        const answer = await pool.request({ path, method: 'POST', headers: fields, body, signal })
        await answer.body.dump({ limit: 65_536 })
        return deliveryOf(answer.statusCode)
      } catch {
        return 'again'
      }
    },
    close: () => pool.destroy(),
  }
}

/** The statuses OTLP calls retryable; every other one is for good. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return 'taken'
  return status === 429 || (status >= 502 && status <= 504) ? 'again' : 'refused'
}
