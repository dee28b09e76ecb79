/** What is read of vitest's JSON report. */
export interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly unknown[]
  }[]
}

export interface TestCount {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/**
 * Counts a run. Whatever makes it fail counts: a file that does not load, an error outside any test, a run without a
 * report. So a run that failed never says "0 failed".
 */
export function countTests(report: TestReport | null, hasSucceeded: boolean): TestCount {
  const unloadable = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  )
  const failed = (report?.numFailedTests ?? 0) + unloadable.length
  return {
    passed: report?.numPassedTests ?? 0,
    failed: hasSucceeded ? failed : Math.max(failed, 1),
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  }
}

/** `N passed, N failed`, and `, N skipped` when there are any: the one line that CI reads. */
export function countLine({ passed, failed, skipped }: TestCount): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

export function isCountLine(line: string): boolean {
  return /^\d+ passed, \d+ failed(?:, \d+ skipped)?$/.test(line)
}
