import { appendFileSync, existsSync, readFileSync } from 'node:fs'

/** A suite that could not run here, and what was missing. */
export interface SkippedSuite {
  readonly suite: string
  readonly reason: string
}

/** Names the file that suites report to: one JSON object on each line. `tools/run-tests.ts` sets and reads it. */
export const skippedSuitesVariable = 'SALLYPORT_SKIPPED_SUITES'

/**
 * Says that a suite cannot run on this machine; the caller skips it then, with `describe.skipIf`. The runner lists all
 * of them at the end, and fails in CI, where a silent gap would pass for a green run.
 */
export function reportSkippedSuite(suite: string, reason: string): void {
  const file = process.env[skippedSuitesVariable]
  if (file === undefined) console.warn(`skipped: ${suite}: ${reason}`)
  else appendFileSync(file, `${JSON.stringify({ suite, reason })}\n`)
}

/** The suites reported so far, each once: a suite of many files reports from each. */
export function readSkippedSuites(file: string): SkippedSuite[] {
  if (!existsSync(file)) return []
  const lines = new Set(readFileSync(file, 'utf8').split('\n'))
  lines.delete('')
  return Array.from(lines, (line) => JSON.parse(line) as SkippedSuite)
}
