import type { Database } from '../../src/storage/database.ts'
import { accessStep } from './access-steps.ts'
import type { AccessAction, Action, Deed, LoginAction, RemovalAction } from './action.ts'
import { movedGauges, withForgotten, wrongCounters, wrongGauges, wrongSessions } from './checks.ts'
import { Struck } from './faults.ts'
import { loginStep } from './login-steps.ts'
import { addedSince, countersOf, gaugesOf } from './numbers.ts'
import { readRows } from './rows.ts'
import type { Rows } from './rows.ts'
import type { Played, Step } from './step.ts'
import { wrongsOf } from './transitions.ts'
import type { World } from './world.ts'

/** Plays a sequence; throws with the first step after which the numbers and the rows do not agree. */
export async function play(actions: readonly Action[], world: World, database: Database): Promise<Played> {
  const played: Played = { done: new Map(), unsaid: 0 }
  let rows = await readRows(database)
  let counted = countersOf(world.all)
  for (const action of actions) {
    const steps = stepsOf(action, world, rows)
    if (steps === null) continue
    const shown = new Map(world.servers.map((server) => [server, gaugesOf(server)]))
    const struck = await perform(action, steps, world)
    const after = await readRows(database)
    const now = countersOf(world.all)
    const turn = { action, steps, struck, before: rows, after }
    const seen = { ...turn, after: { ...after, sessions: withForgotten(steps, rows, after) } }
    const wrongs = [
      ...wrongsOf(rows, seen.after),
      ...wrongSessions(turn),
      ...wrongCounters(seen, addedSince(counted, now), played),
      ...movedGauges(shown),
      ...(await wrongGauges(turn, world)),
    ]
    if (wrongs.length > 0) throw new Error(`after ${JSON.stringify(action)}:\n${wrongs.join('\n')}`)
    played.done.set(action.type, (played.done.get(action.type) ?? 0) + 1)
    rows = after
    counted = now
  }
  return played
}

/** The steps of an action; null where there is nothing to do it to. */
function stepsOf(action: Action, world: World, rows: Rows): readonly Step[] | null {
  const of = (deed: Deed): Step | null =>
    isLogin(deed) ? loginStep(deed, world, rows) : accessStep(deed, world, rows)
  switch (action.type) {
    case 'wait':
    case 'restart':
    case 'counts fail':
      return []
    case 'add a user': {
      const known = rows.users.some(({ id }) => id === world.people[action.user])
      return known ? null : []
    }
    case 'race': {
      const steps = [of(action.one), of(action.other)]
      return steps.every((step) => step !== null) ? steps : null
    }
    case 'outage':
    case 'crash':
    case 'crash after the commit': {
      const step = of(action.during)
      return step === null ? null : [step]
    }
    default: {
      const step = of(action)
      return step === null ? null : [step]
    }
  }
}

/** Does it; answers whether a fault has struck. */
async function perform(action: Action, steps: readonly Step[], world: World): Promise<boolean> {
  if (action.type === 'wait') world.clock.advance(action.milliseconds)
  if (action.type === 'add a user') await world.addUser(action.user, action.source)
  if (action.type === 'restart') await world.replace(action.at)
  if (!('during' in action)) {
    await Promise.all(steps.map(refusable))
    return false
  }
  const { at } = action.during
  const { faults } = world.servers[at]
  if (action.type === 'crash after the commit') faults.dieAfterCommit()
  else faults.failFrom(action.query)
  await Promise.all(steps.map(refusable))
  const struck = faults.end()
  if (action.type !== 'outage') await world.replace(at)
  return struck
}

/** What the product refuses, such as a second answer to a device, is no fault of the test. */
async function refusable(step: Step): Promise<void> {
  try {
    await step.run()
  } catch (error) {
    const isRefusal =
      error instanceof Error && (error instanceof Struck || 'statusCode' in error || 'code' in error)
    if (!isRefusal) throw error
  }
}

function isLogin(deed: Deed): deed is LoginAction {
  return !isAccess(deed)
}

const accessTypes: ReadonlySet<string> = new Set<(AccessAction | RemovalAction)['type']>([
  'grant',
  'revoke a consent',
  'revoke all consents',
  'register a client',
  'approve a client',
  'reject a client',
  'revoke a client',
  'use a client',
  'issue a device code',
  'decide',
  'redeem',
  'create a key',
  'rotate a key',
  'revoke a key',
  'tell expired keys',
  'remove a client',
  'sweep clients',
  'sweep the authorization server',
])

function isAccess(deed: Deed): deed is AccessAction | RemovalAction {
  return accessTypes.has(deed.type)
}
