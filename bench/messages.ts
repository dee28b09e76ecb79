/** What the processes of a benchmark ask each other over Node's own channel. */
export interface LoadOrder {
  readonly url: string
  /** Fields besides Host and Content-Length: name, value, name, value … */
  readonly fields: readonly string[]
  readonly connections: number
  readonly seconds: number
}

/** What one turn of load found. Latencies are in milliseconds. */
export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  /** Answers that were no 200, or not to the question asked. */
  readonly wrong: number
}

/** Processor time of a process since its start, all threads, in microseconds. */
export interface CpuAnswer {
  readonly cpu: number
}

/** Said by a process once it listens. */
export interface ListeningNote {
  readonly listening: string
}

/**
 * Answers `'cpu'` questions of the parent, without keeping the process alive for them. Without a parent there is
 * nothing left to measure: the process then ends as if asked to.
 */
export function answerParent(): void {
  process.on('message', (question) => {
    if (question !== 'cpu') return
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: user + system } satisfies CpuAnswer)
  })
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

/** Ends at once when asked to, yet orderly enough for a profile to be written. */
export function endWhenAsked(): void {
  process.once('SIGTERM', () => process.exit(0))
}
