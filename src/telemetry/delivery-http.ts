import { Pool } from 'undici'
import type { Delivered } from './delivery.ts'

export interface DeliveryHttpOptions {
  readonly url: URL
  /** Sent as `Authorization: Bearer`; null for none. */
  readonly token: string | null
  /** Sent as `User-Agent`. */
  readonly agent: string
}

/** The way to a receiver of JSON over HTTP/1.1. */
export interface DeliveryHttp {
  /** Posts once; never rejects. */
  send(body: Buffer, signal: AbortSignal): Promise<Delivered>
  /** Breaks off what is open. */
  close(): Promise<void>
}

/** Milliseconds one attempt may take: a receiver that hangs is tried again like one that is away. */
const attemptMs = 10_000

/** Opens nothing before the first batch, and one connection at most. */
export function createDeliveryHttp({ url, token, agent }: DeliveryHttpOptions): DeliveryHttp {
  const pool = new Pool(url.origin, {
    connections: 1,
    connect: { timeout: attemptMs / 2 },
    headersTimeout: attemptMs,
    bodyTimeout: attemptMs,
  })
  const path = `${url.pathname}${url.search}`
  const credential = token === null ? {} : { authorization: `Bearer ${token}` }
  const headers = { 'content-type': 'application/json', 'user-agent': agent, ...credential }
  return {
    async send(body, signal) {
      try {
        const answer = await pool.request({ path, method: 'POST', headers, body, signal })
        const delivered = deliveredBy(answer.statusCode)
        await answer.body.dump({ limit: 65_536 }).catch(() => {})
        return delivered
      } catch {
        return 'again'
      }
    },
    close: () => pool.destroy(),
  }
}

/** Too many and server faults pass; everything else a receiver says, it will say again. */
function deliveredBy(status: number): Delivered {
  if (status >= 200 && status < 300) return 'taken'
  return status === 429 || status >= 500 ? 'again' : 'refused'
}
