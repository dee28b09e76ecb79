import { addedSince } from './numbers.ts'
import type { Numbers } from './numbers.ts'
import type { KeyRow, Rows } from './rows.ts'

/** What rows do not say of a change, and whoever made it knows. */
export interface Told {
  /** Who makes keys in this step, and who ends them before their time; null for a process that says nothing. */
  readonly keyActor: 'user' | 'admin' | null
  /** What a person answers a device in this step. */
  readonly decision: 'authorized' | 'denied' | 'expired'
}

/** What became of the rows in one step, in the numbers that must say it: each beginning and each end once. */
export function transitionsOf(before: Rows, after: Rows, told: Told): Numbers {
  const sums = new Map<string, number>()
  const add = (key: string, value = 1) => sums.set(key, (sums.get(key) ?? 0) + value)
  for (const [was, is] of pairs(before.sessions, after.sessions)) {
    if (is === undefined) continue
    if (was === undefined) add(`sallyport_login_sessions_started_total{provider="${is.provider}"}`)
    if (is.ended_at === null || (was?.ended_at ?? null) !== null) continue
    const reason = `{reason="${is.end_reason}"}`
    add(`sallyport_login_sessions_ended_total${reason}`)
    add(`sallyport_login_session_duration_seconds_count${reason}`)
    const seconds = (is.ended_at - is.started_at) / 1000
    if (seconds > 0) add(`sallyport_login_session_duration_seconds_sum${reason}`, seconds)
  }
  for (const [was, is] of pairs(before.consents, after.consents)) {
    if (is === undefined) continue
    if (was === undefined) add(`sallyport_consents_granted_total{flow="${is.flow}"}`)
    if (is.revoked_at === null || (was?.revoked_at ?? null) !== null) continue
    add(`sallyport_consents_revoked_total{actor="${is.revoked_by}"}`)
  }
  for (const [was, is] of pairs(before.clients, after.clients)) {
    if (was === undefined && is !== undefined) add(`client_registered ${is.status} ${is.origin}`)
  }
  for (const [was, is] of pairs(before.keys, after.keys)) {
    if (is === undefined) continue
    const { keyActor } = told
    if (was === undefined && keyActor !== null) add(`sallyport_api_keys_created_total{actor="${keyActor}"}`)
    const end = endOf(is)
    if (end === null || (was !== undefined && endOf(was) !== null)) continue
    const actor = end === 'expired' ? 'system' : keyActor
    if (actor !== null) add(`sallyport_api_keys_revoked_total{actor="${actor}",reason="${end}"}`)
  }
  for (const [was, is] of byHash(before.codes, after.codes)) {
    // A row goes only once it is decided: by a sweep that has just found it to have run out, at the latest.
    const code = is ?? was
    if (code === undefined) continue
    if (was === undefined) add('sallyport_device_codes_total{outcome="issued"}')
    if ((is === undefined || is.decided_at !== null) && (was?.decided_at ?? null) === null) {
      add(`sallyport_device_codes_total{outcome="${told.decision}"}`)
    }
    if (is !== undefined && is.consumed_at !== null && (was?.consumed_at ?? null) === null) {
      add('sallyport_device_codes_total{outcome="redeemed"}')
    }
  }
  return addedSince(new Map(), sums)
}

/** What may never happen to rows, whatever is said of it. */
export function wrongsOf(before: Rows, after: Rows): readonly string[] {
  const wrongs: string[] = []
  for (const [was, is] of pairs(before.sessions, after.sessions)) {
    if (is === undefined && was?.ended_at === null) wrongs.push(`${was.id} is gone without an end`)
    if (was === undefined || was.ended_at === null || is === undefined) continue
    if (is.ended_at !== was.ended_at || is.end_reason !== was.end_reason) wrongs.push(`${was.id} ended again`)
  }
  for (const { id, started_at, ended_at, end_reason } of after.sessions) {
    if (ended_at !== null && ended_at < started_at) wrongs.push(`${id} ended before it began`)
    if (ended_at !== null && end_reason === null) wrongs.push(`${id} ended for no reason`)
  }
  return wrongs
}

/** Why a key is active no more, as far as the store knows it. */
function endOf({
  revoked_at,
  replaced_by,
  expiry_told_at,
}: KeyRow): 'rotated' | 'expired' | 'revoked' | null {
  if (replaced_by !== null) return 'rotated'
  if (expiry_told_at !== null) return 'expired'
  return revoked_at === null ? null : 'revoked'
}

function pairs<Row extends { readonly id: string }>(before: readonly Row[], after: readonly Row[]) {
  return pairsBy(before, after, ({ id }) => id)
}

function byHash(before: Rows['codes'], after: Rows['codes']) {
  return pairsBy(before, after, (row) => row.id_hash)
}

function pairsBy<Row>(
  before: readonly Row[],
  after: readonly Row[],
  keyOf: (row: Row) => string,
): readonly (readonly [Row | undefined, Row | undefined])[] {
  const was = new Map(before.map((row) => [keyOf(row), row]))
  const is = new Map(after.map((row) => [keyOf(row), row]))
  return [...new Set([...was.keys(), ...is.keys()])].map((key) => [was.get(key), is.get(key)] as const)
}
