import { createSecretKey } from 'node:crypto'
import { browserFingerprint } from '../../src/identity/browser-fingerprint.ts'
import type { LoginSessionRow } from '../../src/storage/schema.ts'
import type { LoginEndReason, LoginProvider } from '../../src/telemetry/vocabulary.ts'
import type { Rows } from './rows.ts'

const hour = 3_600_000

export const policy = {
  plain: { idleMs: 2 * hour, maxMs: 24 * hour },
  remembered: { idleMs: 14 * 24 * hour, maxMs: 30 * 24 * hour },
}
export const keepEndedMs = 20 * 24 * hour
export const fingerprintKey = new Uint8Array(32).fill(7)
const key = createSecretKey(fingerprintKey)

/** A session as the model foresees it. */
export type Foreseen = Omit<LoginSessionRow, 'cookie_hash' | 'device_name' | 'address' | 'password_due'>

interface Person {
  disabled: boolean
  passwordSetAt: number | null
}

/**
 * The rules of login sessions once more, in few words: what every step must make of the rows there were. It knows
 * nothing of signals; those are held against the rows.
 */
export class LoginRules {
  sessions: Foreseen[]
  /** Those that a sweep has deleted, the ones among them that had been over for so long and were only then ended. */
  readonly forgotten: Foreseen[] = []
  readonly #people: Map<string, Person>

  constructor({ sessions, users, passwords }: Pick<Rows, 'sessions' | 'users' | 'passwords'>) {
    this.sessions = sessions.map(foreseenOf)
    this.#people = new Map(
      users.map(({ id, disabled_at }) => [
        id,
        { disabled: disabled_at !== null, passwordSetAt: passwords.get(id) ?? null },
      ]),
    )
  }

  start(
    given: {
      readonly userId: string
      readonly provider: LoginProvider
      readonly remember: boolean
      readonly userAgent: string
      readonly passwordSetAt: number | null
      readonly replacesId: string | null
    },
    now: number,
  ): void {
    const person = this.#people.get(given.userId)
    if (person === undefined || person.disabled) return
    if (given.passwordSetAt !== null && given.passwordSetAt !== person.passwordSetAt) return
    if (given.replacesId !== null) this.end(given.replacesId, 'replaced', now)
    const { idleMs, maxMs } = given.remember ? policy.remembered : policy.plain
    this.sessions.push({
      id: 'new',
      user_id: given.userId,
      provider: given.provider,
      remembered: given.remember ? 1 : 0,
      started_at: now,
      last_seen_at: now,
      idle_ends_at: now + idleMs,
      absolute_ends_at: now + maxMs,
      fingerprint: browserFingerprint(given.userAgent, key),
      ended_at: null,
      end_reason: null,
    })
  }

  /** A browser shows the cookie of a session. */
  visit(id: string, userAgent: string, now: number, late: boolean): void {
    for (const session of this.#named(id, late)) {
      this.#endByRules(session, now)
      if (session.ended_at !== null) return
      if (session.fingerprint !== browserFingerprint(userAgent, key)) {
        this.#close(session, 'fingerprint_mismatch', now)
      } else {
        const { idleMs } = session.remembered === 1 ? policy.remembered : policy.plain
        if (now - session.last_seen_at < 60_000) return
        session.last_seen_at = now
        session.idle_ends_at = now + idleMs
      }
    }
  }

  /** Ends one that is named by its cookie. */
  end(id: string, reason: LoginEndReason, now: number, late = false): void {
    for (const session of this.#named(id, late)) this.#endAs(session, reason, now)
  }

  /** Ends one that is named by its public id; of one user's alone, where one is named. */
  endById(id: string, reason: LoginEndReason, now: number, userId?: string): void {
    for (const session of this.sessions) {
      if (session.id !== id || (userId !== undefined && session.user_id !== userId)) continue
      this.#endAs(session, reason, now)
    }
  }

  endAll(userId: string, exceptId: string | null, reason: LoginEndReason, now: number): void {
    for (const session of this.sessions) {
      if (session.user_id === userId && session.id !== exceptId) this.#endAs(session, reason, now)
    }
  }

  disable(userId: string, disabled: boolean, now: number): void {
    const person = this.#people.get(userId)
    if (person === undefined || person.disabled === disabled) return
    person.disabled = disabled
    if (disabled) this.#shut(userId, null, 'account_inactive', now)
  }

  setPassword(userId: string, exceptId: string | null, now: number): void {
    const person = this.#people.get(userId)
    if (person === undefined) return
    person.passwordSetAt = Math.max(now, (person.passwordSetAt ?? 0) + 1)
    this.#shut(userId, exceptId, 'password_changed', now)
  }

  erase(userId: string, now: number): void {
    this.#shut(userId, null, 'account_inactive', now)
    for (const session of this.sessions) {
      if (session.user_id === userId) Object.assign(session, { user_id: null, fingerprint: '' })
    }
    this.#people.delete(userId)
  }

  sweep(now: number): void {
    const isOld = ({ ended_at }: Foreseen) => ended_at !== null && ended_at < now - keepEndedMs
    for (const session of this.sessions) {
      const isOver = session.idle_ends_at <= now || session.absolute_ends_at <= now
      if (session.ended_at === null && isOver) this.#endByRules(session, now)
    }
    this.forgotten.push(...this.sessions.filter(isOld))
    this.sessions = this.sessions.filter((session) => !isOld(session))
  }

  /** Its sessions in one order, each as text: two that foresee the same say the same. */
  said(): readonly string[] {
    return this.sessions.map((session) => JSON.stringify(session)).toSorted()
  }

  /** The cookie of who is erased names nothing any more, but to whoever has looked before. */
  #named(id: string, late: boolean): Foreseen[] {
    return this.sessions.filter((session) => session.id === id && (late || session.user_id !== null))
  }

  /** A change of its user ends it from that moment on; a server says so later. */
  #shut(userId: string, exceptId: string | null, reason: LoginEndReason, now: number): void {
    for (const session of this.sessions) {
      const isMeant = session.user_id === userId && session.id !== exceptId && session.ended_at === null
      const runs = session.idle_ends_at > now && session.absolute_ends_at > now
      if (isMeant && runs && session.end_reason === null) {
        Object.assign(session, { end_reason: reason, absolute_ends_at: now })
      }
    }
  }

  #endAs(session: Foreseen, reason: LoginEndReason, now: number): void {
    if (session.ended_at !== null) return
    this.#endByRules(session, now)
    this.#close(session, reason, now)
  }

  #endByRules(session: Foreseen, now: number): void {
    const { idle_ends_at: idle, absolute_ends_at: last, end_reason: shut, user_id: userId } = session
    if (session.ended_at !== null) return
    if (shut !== null) this.#close(session, shut, Math.min(last, now))
    else if (Math.min(idle, last) <= now) {
      this.#close(session, idle <= last ? 'idle_timeout' : 'absolute_timeout', Math.min(idle, last))
    } else if (userId === null || this.#people.get(userId)?.disabled !== false) {
      this.#close(session, 'account_inactive', now)
    }
  }

  #close(session: Foreseen, reason: LoginEndReason, at: number): void {
    if (session.ended_at !== null) return
    session.ended_at = Math.max(session.started_at, at)
    session.end_reason = reason
  }
}

function foreseenOf(row: LoginSessionRow): Foreseen {
  const { cookie_hash: _, device_name: __, address: ___, password_due: ____, ...foreseen } = row
  return foreseen
}

/** What the rows are now, in the words of what was foreseen; those that were not there before are `new`. */
export function saidOf(
  before: readonly LoginSessionRow[],
  after: readonly LoginSessionRow[],
): readonly string[] {
  const known = new Set(before.map(({ id }) => id))
  return after
    .map((row) => JSON.stringify(foreseenOf(known.has(row.id) ? row : { ...row, id: 'new' })))
    .toSorted()
}
