import type { NewLoginSession } from '../identity/login-session-store.ts'

/** What a session says of itself. */
export const sessionColumns = [
  'login_sessions.id',
  'provider',
  'remembered',
  'device_name as deviceName',
  'address',
  'started_at as startedAt',
  'last_seen_at as lastSeenAt',
  'password_due as passwordDue',
] as const
/** What its end is judged by. */
export const ruleColumns = [
  'idle_ends_at as idleEndsAt',
  'absolute_ends_at as absoluteEndsAt',
  'fingerprint',
  'end_reason as closedAs',
] as const

type Bits = Record<'remembered' | 'passwordDue', 0 | 1>

/** A row of `sessionColumns` as the port has it. */
export function factsOf<Row extends Bits>({ remembered, passwordDue, ...facts }: Row) {
  const due = passwordDue === 1 ? ({ passwordDue: true } as const) : {}
  return { ...facts, remembered: remembered === 1, ...due }
}

export function valuesOf(session: NewLoginSession) {
  return {
    id: session.id,
    cookie_hash: session.cookieHash,
    user_id: session.userId,
    provider: session.provider,
    remembered: session.remembered ? (1 as const) : (0 as const),
    started_at: session.startedAt,
    last_seen_at: session.lastSeenAt,
    idle_ends_at: session.idleEndsAt,
    absolute_ends_at: session.absoluteEndsAt,
    fingerprint: session.fingerprint,
    device_name: session.deviceName,
    address: session.address,
    password_due: session.passwordDue === true ? (1 as const) : (0 as const),
  }
}
