import type { Message } from './message.ts'

/** The first stateless revision; version strings compare as text. */
const firstModern = '2026-07-28'

/** Whether a message follows a stateless revision. The body decides; the header speaks only for a claim-less one. */
export function isModern(message: Message | undefined, versionHeader: string | undefined): boolean {
  if (message === undefined) return false
  if (message.claimedVersion !== null) return message.claimedVersion >= firstModern
  return message.kind === 'notification' && versionHeader !== undefined && versionHeader.trim() >= firstModern
}
