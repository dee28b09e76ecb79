import type { Ending, StoredLoginSession } from './login-session-store.ts'

/** How long sessions live, in milliseconds; `remember me` has a policy of its own, which idles out, too. */
export interface LoginPolicy {
  readonly plain: LoginLifetime
  readonly remembered: LoginLifetime
}

export interface LoginLifetime {
  readonly idleMs: number
  readonly maxMs: number
}

/** Sight of a session is written this often at most. */
const seenEveryMs = 60_000

/** Whether the sight of a session is old enough to be written anew; a short idle time halves the minute. */
export function isSightDue({ idleMs }: LoginLifetime, lastSeenAt: number, now: number): boolean {
  return now - lastSeenAt >= Math.min(seenEveryMs, idleMs / 2)
}

/** Why a session is over by its own rules; null while it runs. It was over when its time had come, not when we look. */
export function endingByRules(session: StoredLoginSession, now: number): Ending | null {
  const { idleEndsAt, absoluteEndsAt, closedAs, ownerInactive } = session
  if (closedAs !== null) return { reason: closedAs, at: Math.min(absoluteEndsAt, now) }
  if (idleEndsAt <= now && idleEndsAt <= absoluteEndsAt) return { reason: 'idle_timeout', at: idleEndsAt }
  if (absoluteEndsAt <= now) return { reason: 'absolute_timeout', at: absoluteEndsAt }
  return ownerInactive ? { reason: 'account_inactive', at: now } : null
}
