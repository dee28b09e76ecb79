import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  readSkippedSuites,
  reportSkippedSuite,
  skippedSuitesVariable,
} from '../test/support/skipped-suites.ts'
import { countLine, countTests, isCountLine } from './test-count.ts'

const report = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: 'passed', assertionResults: [{}] }],
}

describe('the count of tests', () => {
  it('is one line, with skipped tests when there are any', () => {
    expect(countLine(countTests(report, true))).toBe('5 passed, 0 failed')
    const partly = countLine(countTests({ ...report, numPendingTests: 1, numTodoTests: 1 }, true))
    expect(partly).toBe('5 passed, 0 failed, 2 skipped')
    expect(isCountLine(partly)).toBe(true)
    expect(isCountLine('Tests 5 passed, 0 failed')).toBe(false)
  })

  it('counts a file that does not load as a failure', () => {
    const testResults = [...report.testResults, { status: 'failed', assertionResults: [] }]
    expect(countTests({ ...report, numFailedTests: 2, testResults }, false).failed).toBe(3)
  })

  it('never says that nothing failed when the run did', () => {
    expect(countTests(report, false).failed).toBe(1)
    expect(countLine(countTests(null, false))).toBe('0 passed, 1 failed')
  })
})

describe('skipped suites', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-skipped-'))

  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true, force: true })
  })

  it('reach the runner once each, with their reason', () => {
    const file = join(folder, 'skipped')
    expect(readSkippedSuites(file)).toEqual([])
    vi.stubEnv(skippedSuitesVariable, file)
    for (const suite of ['a', 'b', 'a']) reportSkippedSuite(suite, 'there is no Postgres')
    expect(readSkippedSuites(file)).toEqual([
      { suite: 'a', reason: 'there is no Postgres' },
      { suite: 'b', reason: 'there is no Postgres' },
    ])
  })
})
