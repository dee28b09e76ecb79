import { Pool } from 'undici'
import type { Dispatcher } from 'undici'
import type { Upstream, UpstreamTls } from './upstream.ts'

/** The way to one upstream: pooled connections that carry no identity of their own. */
export interface UpstreamConnection {
  /** Path and query of the upstream's URL: what every call asks for. Nothing a client sends has a part in it (T6). */
  readonly path: string
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void
  /** How many connections are open now. */
  open(): number
  /** Lets what is open end, then closes. */
  close(): Promise<void>
  /** Breaks off what is still open. */
  destroy(): Promise<void>
}

const connectTimeoutMs = 10_000

/**
 * Opens connections on demand. Their number is not capped: each serves one caller's open request, and a cap would
 * let a few hundred waiting event streams block every other call.
 */
export function connectUpstream(upstream: Upstream): UpstreamConnection {
  const url = new URL(upstream.url)
  const pool = new Pool(url.origin, {
    connections: null,
    pipelining: 1,
    connect: { timeout: connectTimeoutMs, ...tlsOptions(upstream.tls) },
    headersTimeout: upstream.timeoutSeconds * 1000,
    maxHeaderSize: 32_768,
  })
  return {
    path: url.pathname + url.search,
    dispatch: (options, handler) => void pool.dispatch(options, handler),
    open: () => pool.stats.connected,
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  }
}

/** What a TLS connection to the upstream is made with. */
export function tlsOptions(tls: UpstreamTls | null) {
  if (tls === null) return {}
  const { ca, cert, key } = tls
  return { ...(ca === null ? {} : { ca }), ...(cert === null || key === null ? {} : { cert, key }) }
}
