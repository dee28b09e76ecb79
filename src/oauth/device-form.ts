import { createHmac } from 'node:crypto'

/** What a form of the device pages must bring back: bound to the login session, so no other site can know it. */
export function formSecretOf(sessionId: string, key: Uint8Array): string {
  return createHmac('sha256', key).update(`device form\n${sessionId}`).digest('hex')
}
