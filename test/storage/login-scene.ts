import { createLoginSessions } from '../../src/identity/login-sessions.ts'
import type { Browser, LoginSessions } from '../../src/identity/login-session.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Store } from '../../src/storage/open-store.ts'
import type { SignalFields, SignalName } from '../../src/telemetry/signals.ts'
import type { Emit } from '../../src/telemetry/telemetry.ts'
import { stoppedClock } from '../support/stopped-clock.ts'
import type { StoppedClock } from '../support/stopped-clock.ts'

export const minute = 60_000
export const hour = 60 * minute
export const day = 24 * hour

export const firefox: Browser = {
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
}
export const updated: Browser = {
  address: '203.0.113.9',
  userAgent: firefox.userAgent.replaceAll('140', '141'),
}
export const safari: Browser = {
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/19.0 Safari/605.1.15',
}

export const policy = {
  plain: { idleMs: 2 * hour, maxMs: day },
  remembered: { idleMs: 14 * day, maxMs: 30 * day },
}

/** One server over a store: its login sessions, and what it has said of them. */
export interface Replica {
  readonly sessions: LoginSessions
  /** `started PROVIDER`, `ended REASON SECONDS` and other signals, in order. */
  readonly said: string[]
}

export function replica(store: Pick<Store, 'loginSessions'>, clock: StoppedClock = stoppedClock()): Replica {
  const said: string[] = []
  const emit: Emit = <Name extends SignalName>(signal: Name, fields: SignalFields<Name>) => {
    said.push(sentenceOf(signal, fields))
  }
  const sessions = createLoginSessions(
    { policy, fingerprintKey: new Uint8Array(32).fill(7), keepEndedMs: 30 * day },
    { store: store.loginSessions, clock, random: systemRandom, emit },
  )
  return { sessions, said }
}

function sentenceOf(signal: string, fields: Readonly<Record<string, unknown>>): string {
  if (signal === 'login_session_started') return `started ${String(fields['provider'])}`
  if (signal === 'login_session_ended')
    return `ended ${String(fields['reason'])} ${String(fields['duration'])}`
  return `${signal} ${Object.values(fields).join(' ')}`
}

/** Starts a session of `usr_a`, by default in Firefox and not remembered; throws when it does not start. */
export async function start(
  sessions: LoginSessions,
  { userId = 'usr_a', browser = firefox, remember = false, replaces = null as string | null } = {},
) {
  const started = await sessions.start({ userId, provider: 'local' }, browser, { remember, replaces })
  if (started.outcome !== 'started') throw new Error(started.outcome)
  return started
}
