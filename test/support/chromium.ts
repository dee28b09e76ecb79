import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'
import { reportSkippedSuite } from './skipped-suites.ts'

const executablePath = '/usr/bin/chromium'

/** Whether a browser is here; a suite that needs one says so when it is not. */
export function hasChromium(suite: string): boolean {
  if (existsSync(executablePath)) return true
  reportSkippedSuite(suite, `needs a browser: there is no ${executablePath}`)
  return false
}

/** A real browser, without a window. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox'] })
}
