import { createSecretKey } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import { sha256Hex } from '../lib/hash.ts'
import { newId } from '../lib/id.ts'
import type { RandomSource } from '../lib/random.ts'
import { tellStoreFailure } from '../telemetry/store-failure.ts'
import type { LoginEndReason } from '../telemetry/vocabulary.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { Actor } from './api-key-store.ts'
import { browserFingerprint } from './browser-fingerprint.ts'
import { deviceName } from './device-name.ts'
import { endingByRules, isSightDue } from './login-policy.ts'
import type { LoginPolicy } from './login-policy.ts'
import type { Browser, LoginSession, LoginSessions, SignedIn } from './login-session.ts'
import type {
  EndedLoginSession,
  EndingOf,
  FoundLoginSession,
  LoginSessionStore,
  StoredLoginSession,
} from './login-session-store.ts'
import { newCookieValue } from './session-cookie.ts'

export interface LoginSessionOptions {
  readonly policy: LoginPolicy
  /** Makes browser fingerprints, and nothing else: 32 bytes. */
  readonly fingerprintKey: Uint8Array
  /** How long an ended session is kept, in milliseconds. */
  readonly keepEndedMs: number
}

export interface LoginSessionDependencies {
  readonly store: LoginSessionStore
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: Emit
}

/** Sessions ended or forgotten in one transaction: no write blocks the store for long. */
const bite = 200
const bySystem: Actor = { kind: 'system', id: null }

/**
 * The login sessions of one server. Here alone a session starts or ends, and what commits it says so, after the
 * commit. A process without metrics, such as the command line, only closes sessions; a server ends and says them.
 */
export function createLoginSessions(
  { policy, fingerprintKey, keepEndedMs }: LoginSessionOptions,
  { store, clock, random, emit }: LoginSessionDependencies,
): LoginSessions {
  const key = createSecretKey(fingerprintKey)
  const lifetime = (remembered: boolean) => (remembered ? policy.remembered : policy.plain)

  const tellEnded = (ended: readonly EndedLoginSession[]): number => {
    // From the beginning to the end: the last sight has been moved by what ends it (T34).
    for (const { reason, at, startedAt } of ended)
      emit('login_session_ended', { reason, duration: (at - startedAt) / 1000 })
    return ended.length
  }
  /** What is over already ended by its rules, whatever else is asked now. */
  const asked =
    (reason: LoginEndReason): EndingOf =>
    (session) =>
      endingByRules(session, clock.now()) ?? { reason, at: clock.now() }
  const judged =
    (fingerprint: string): EndingOf =>
    (session) => {
      const ending = endingByRules(session, clock.now())
      if (ending !== null || session.fingerprint === fingerprint) return ending
      return { reason: 'fingerprint_mismatch', at: clock.now() }
    }

  const noteSight = async (session: StoredLoginSession): Promise<number> => {
    const now = clock.now()
    const rules = lifetime(session.remembered)
    if (!isSightDue(rules, session.lastSeenAt, now)) return session.lastSeenAt
    await store.recordSeen(session.id, now, now + rules.idleMs)
    return now
  }
  const find = async (cookieHash: string, browser: Browser): Promise<SignedIn | null> => {
    const endingOf = judged(browserFingerprint(browser.userAgent, key))
    for (;;) {
      const found = await store.find(cookieHash)
      if (found === undefined) return null
      if (endingOf(found.session) === null) return signedIn(found, await noteSight(found.session))
      const ended = await store.end({ cookieHash }, clock.now(), endingOf, bySystem)
      if (tellEnded(ended) > 0) return null
      // Another replica has ended it, or has seen it in time: the next look says which.
    }
  }

  return {
    async start(
      { userId, provider, passwordSetAt, passwordDue },
      { address, userAgent },
      { remember, replaces },
    ) {
      const now = clock.now()
      const { idleMs, maxMs } = lifetime(remember)
      const cookieValue = newCookieValue(random)
      const session: LoginSession = {
        id: newId('ses', random),
        userId,
        provider,
        remembered: remember,
        deviceName: deviceName(userAgent),
        address,
        startedAt: now,
        lastSeenAt: now,
        ...(passwordDue === undefined ? {} : { passwordDue }),
      }
      const row = {
        ...session,
        cookieHash: sha256Hex(cookieValue),
        idleEndsAt: now + idleMs,
        absoluteEndsAt: now + maxMs,
        fingerprint: browserFingerprint(userAgent, key),
      }
      const replacesHash = replaces === null ? null : sha256Hex(replaces)
      const begun = { session: row, passwordSetAt: passwordSetAt ?? null, replacesHash }
      const ended = await store.start(begun, asked('replaced'), { kind: 'user', id: userId })
      if (ended === 'account_inactive') return { outcome: 'account_inactive' }
      tellEnded(ended)
      emit('login_session_started', { provider })
      return { outcome: 'started', session, cookieValue, maxAgeSeconds: remember ? maxMs / 1000 : null }
    },

    async find(cookieValue, browser) {
      try {
        return await find(sha256Hex(cookieValue), browser)
      } catch (error) {
        tellStoreFailure(error, 'find_login_session', emit)
        throw error
      }
    },

    async logOut(cookieValue) {
      const cookieHash = sha256Hex(cookieValue)
      const found = await store.find(cookieHash)
      if (found === undefined) return false
      const actor = { kind: 'user', id: found.session.userId } as const
      return tellEnded(await store.end({ cookieHash }, clock.now(), asked('logout'), actor)) > 0
    },

    async end(id, reason, actor, userId) {
      const filter = userId === undefined ? { id } : { id, userId }
      return tellEnded(await store.end(filter, clock.now(), asked(reason), actor)) > 0
    },

    async endAll(userId, exceptId, reason, actor) {
      return tellEnded(await store.end({ userId, exceptId }, clock.now(), asked(reason), actor))
    },

    list: (userId) => store.list(userId, clock.now()),

    async sweep() {
      let total = 0
      for (;;) {
        const now = clock.now()
        const overdue: EndingOf = (session) => endingByRules(session, now)
        const ended = tellEnded(await store.endOverdue(now, bite, overdue, bySystem))
        total += ended
        if (ended < bite) break
      }
      while ((await store.forgetEnded(clock.now() - keepEndedMs, bite)) === bite);
      return total
    },
  }
}

function signedIn({ session, email, memberships }: FoundLoginSession, lastSeenAt: number): SignedIn {
  const { id, userId, provider, remembered, deviceName: name, address, startedAt, passwordDue } = session
  const seen = { id, userId, provider, remembered, deviceName: name, address, startedAt, lastSeenAt }
  const shown = passwordDue === undefined ? seen : { ...seen, passwordDue }
  return { session: shown, userId, email, memberships }
}
