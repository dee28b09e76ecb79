import { isDeepStrictEqual } from 'node:util'
import { usuallyTold } from './access-steps.ts'
import { LoginRules, saidOf } from './login-rules.ts'
import { addedSince, gaugesFor, gaugesOf } from './numbers.ts'
import type { Numbers } from './numbers.ts'
import type { Rows } from './rows.ts'
import type { Server } from './server.ts'
import type { Played, Step, Turn } from './step.ts'
import { transitionsOf } from './transitions.ts'
import type { World } from './world.ts'

/** With those rows that a sweep has ended and deleted in one step: what they were in between nobody can read. */
export function withForgotten(steps: readonly Step[], before: Rows, after: Rows): Rows['sessions'] {
  const rules = new LoginRules(before)
  for (const step of steps) step.foresee(rules, false)
  const kept = new Set(after.sessions.map(({ id }) => id))
  const ran = new Set(before.sessions.filter(({ ended_at }) => ended_at === null).map(({ id }) => id))
  const gone = rules.forgotten.filter(({ id }) => ran.has(id) && !kept.has(id))
  return [
    ...after.sessions,
    ...gone.map((row) => ({
      ...row,
      cookie_hash: '',
      device_name: '',
      address: '',
      password_due: 0 as const,
    })),
  ]
}

/** Sessions that are not as the rules foresee them; after a race, in either order. A fault is not foreseen. */
export function wrongSessions({ steps, struck, before, after }: Turn): readonly string[] {
  if (struck) return []
  const said = saidOf(before.sessions, after.sessions)
  const orders = steps.length > 1 ? [steps, steps.toReversed()] : [steps]
  const foreseen = orders.flatMap((order) =>
    (steps.length > 1 ? [false, true] : [false]).map((late) => {
      const rules = new LoginRules(before)
      order.forEach((step, place) => step.foresee(rules, late && place > 0))
      return rules.said()
    }),
  )
  if (foreseen.some((one) => isDeepStrictEqual(one, said))) return []
  return [
    `the sessions are\n  ${said.join('\n  ')}`,
    ...foreseen.map((one) => `and not\n  ${one.join('\n  ')}`),
  ]
}

/**
 * Each beginning and each end of a row was counted once, by one server or another. What was committed in the instant of a
 * crash may be unsaid, and is never said twice.
 */
export function wrongCounters(
  { action, steps, struck, before, after }: Turn,
  said: Numbers,
  played: Played,
): readonly string[] {
  const told = { ...usuallyTold, ...steps[0]?.told, ...steps[1]?.told }
  const expected = transitionsOf(before, after, told)
  if (action.type === 'crash after the commit' && struck) {
    for (const [key, value] of said) {
      if (value > (expected.get(key) ?? 0)) return [`${key} was counted ${value} times`]
    }
    for (const [key, value] of expected) {
      if (!key.includes('duration')) played.unsaid += value - (said.get(key) ?? 0)
    }
    return []
  }
  const [one, other] = action.type === 'race' ? [folded(expected), folded(said)] : [expected, said]
  if (isDeepStrictEqual([...one], [...other])) return []
  return [`the rows say ${show(one)}`, `and the counters ${show(other)}`]
}

/** Of two who change one row at once, nobody knows beforehand which of them does. */
function folded(numbers: Numbers): Numbers {
  const sums = new Map<string, number>()
  for (const [key, value] of numbers) {
    const shorter = key.replace(/actor="(?:user|admin)"|outcome="(?:authorized|denied)"/, '*')
    sums.set(shorter, (sums.get(shorter) ?? 0) + value)
  }
  return sums
}

/** T31: counting alone moves a gauge of stored state; nothing else does, whatever happens. */
export function movedGauges(before: ReadonlyMap<Server, Numbers>): readonly string[] {
  return [...before].flatMap(([server, numbers]) =>
    [...addedSince(numbers, gaugesOf(server))].map(([key, value]) => `${key} moved by ${value} uncounted`),
  )
}

/** Gauges that are not what the rows are, on either server. */
export async function wrongGauges({ action, after: rows }: Turn, world: World): Promise<readonly string[]> {
  const wrongs: string[] = []
  if (action.type === 'counts fail') {
    const { faults, metrics } = world.servers[action.at]
    await world.servers[action.at].refreshGauges()
    faults.failFrom(action.query)
    world.clock.advance(1000)
    const failed = await world.servers[action.at].refreshGauges().then(
      () => false,
      () => true,
    )
    if (faults.end() !== failed) wrongs.push('a count failed, and the refresh did not')
    metrics.render()
    const age = metrics.cell('sallyport_gauge_refresh_age_seconds', {}).value
    if (age !== (failed ? 1 : 0))
      wrongs.push(`the gauges are ${age} s old after a refresh ${failed ? 'failed' : ''}`)
    // Keys and codes are counted at a time, and that of the last good count is meant.
    wrongs.push(
      ...differences(
        gaugesOf(world.servers[action.at]),
        rows,
        [1000, 0],
        world.servers[action.at].clock.now(),
      ),
    )
  }
  for (const server of world.servers) {
    await server.refreshGauges()
    wrongs.push(...differences(gaugesOf(server), rows, [0], server.clock.now()))
  }
  return wrongs
}

function differences(shown: Numbers, rows: Rows, ages: readonly number[], now: number): readonly string[] {
  const wanted = ages.map((age) => gaugesFor(rows, now - age))
  return [...(wanted[0] ?? [])]
    .filter(([key]) => !wanted.some((numbers) => numbers.get(key) === shown.get(key)))
    .map(([key, value]) => `${key} is ${shown.get(key)}, and there are ${value}`)
}

function show(numbers: Numbers): string {
  return numbers.size === 0 ? 'nothing' : [...numbers].map(([key, value]) => `${key} ${value}`).join(', ')
}
