import type { AuditStore } from '../telemetry/audit-store.ts'
import type { Log } from '../telemetry/log.ts'

/** Something done again and again in the background. */
export interface Job {
  /** Does it now, after what is running. */
  run(): Promise<void>
  /** Ends it after the round that is running; call before what it uses is closed (T43). */
  close(): Promise<void>
}

/** Runs `work` every so often, never twice at once; a failure is logged and the next round comes all the same. */
export function startJob(name: string, everyMs: number, work: () => Promise<void>, log: Log): Job {
  let running = Promise.resolve()
  let closed = false
  const round = async () => {
    if (closed) return
    try {
      await work()
    } catch (error) {
      log.warn('a background job failed', {
        code: name,
        detail: error instanceof Error ? error.message : 'unknown',
      })
    }
  }
  const run = () => {
    running = running.then(round)
    return running
  }
  const timer = setInterval(() => void run(), everyMs).unref()
  return {
    run,
    close() {
      clearInterval(timer)
      closed = true
      return running
    },
  }
}

/** Deletes audit rows past their retention, in small bites: no write blocks the store for long. */
export async function forgetOldRows(audit: Pick<AuditStore, 'forgetBefore'>, time: number): Promise<void> {
  const bite = 1000
  while ((await audit.forgetBefore(time, bite)) === bite);
}
