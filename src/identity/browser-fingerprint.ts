import { createHmac } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { browserFamily } from './device-name.ts'

/**
 * A keyed hash of the families of browser and system. It changes when a cookie turns up in another kind of browser, and
 * stays through updates and other networks: those are no sign of theft.
 */
export function browserFingerprint(userAgent: string, key: KeyObject): string {
  const { browser, system } = browserFamily(userAgent)
  return createHmac('sha256', key)
    .update(`v1\n${browser ?? ''}\n${system ?? ''}`)
    .digest('hex')
}
