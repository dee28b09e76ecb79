/** What a collector made of a batch: taken, refused for good, or to be sent again. */
export type Delivery = 'taken' | 'refused' | 'again'

/** The way to a collector. Opens nothing before the first batch. */
export interface SpanTransport {
  /** Sends one encoded batch; never rejects. */
  send(body: Buffer, signal: AbortSignal): Promise<Delivery>
  /** Breaks off what is open. */
  close(): Promise<void>
}

/** Milliseconds one attempt may take. */
export const attemptMs = 10_000
