import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readSkippedSuites, skippedSuitesVariable } from '../test/support/skipped-suites.ts'
import { countLine, countTests } from './test-count.ts'
import type { TestReport } from './test-count.ts'

/** Runs vitest with the given arguments; its exit code and count include suites that may not be skipped in CI. */
function runTests(args: readonly string[]): number {
  const root = resolve(import.meta.dirname, '..')
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-tests-'))
  const [reportFile, skippedFile] = [join(folder, 'report.json'), join(folder, 'skipped')]
  try {
    const vitest = join(root, 'node_modules/vitest/vitest.mjs')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportFile}`]
    const { status } = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
      cwd: root,
      stdio: 'inherit',
      env: { ...process.env, [skippedSuitesVariable]: skippedFile },
    })
    const skipped = readSkippedSuites(skippedFile)
    for (const { suite, reason } of skipped) console.log(`could not run: ${suite}: ${reason}`)
    const isComplete = skipped.length === 0 || process.env['CI'] !== 'true'
    if (!isComplete) console.log('In CI every suite must run.')
    const count = countTests(readReport(reportFile), status === 0 && isComplete)
    console.log(countLine(count))
    return count.failed === 0 ? 0 : 1
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readReport(file: string): TestReport | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as TestReport
  } catch {
    return null
  }
}

process.exitCode = runTests(process.argv.slice(2))
