import type { Log } from '../telemetry/log.ts'
import type { Emit } from '../telemetry/telemetry.ts'

export interface UsageWriterDependencies {
  readonly write: (times: ReadonlyMap<string, number>) => Promise<void>
  readonly emit: Emit
  readonly log: Log
}

/** Collects last-used times in memory and writes them in batches: the hot path never waits for them. */
export interface UsageWriter {
  readonly note: (id: string, at: number) => void
  flush(): Promise<void>
  /** Stops the timer and writes what is left; call before the store closes (T43). */
  close(): Promise<void>
}

/** A failed write keeps its times for the next round; they are few, one for each id. */
export function createUsageWriter(
  everyMs: number,
  { write, emit, log }: UsageWriterDependencies,
): UsageWriter {
  let times = new Map<string, number>()
  let writing: Promise<void> = Promise.resolve()

  const writeOut = async () => {
    if (times.size === 0) return
    const batch = times
    times = new Map()
    try {
      await write(batch)
    } catch (error) {
      for (const [id, at] of batch) if (!times.has(id)) times.set(id, at)
      emit('store_query_failed', { operation: 'record_use' })
      log.warn('last-used times could not be written; they are kept for the next round', {
        count: batch.size,
        detail: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
  const flush = () => {
    writing = writing.then(writeOut)
    return writing
  }
  const timer = setInterval(() => void flush(), everyMs).unref()
  return {
    note: (id, at) => void times.set(id, at),
    flush,
    close() {
      clearInterval(timer)
      return flush()
    },
  }
}
