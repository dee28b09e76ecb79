import type { Actor } from '../../src/identity/api-key-store.ts'
import { admin } from '../storage/records.ts'
import type { LoginAction } from './action.ts'
import type { LoginRules } from './login-rules.ts'
import type { Rows } from './rows.ts'
import type { Step } from './step.ts'
import { userAgents } from './world.ts'
import type { World } from './world.ts'

/** What an action of sign-in does to the servers, and to the rules; null where there is nothing to do it to. */
export function loginStep(action: LoginAction, world: World, rows: Rows): Step | null {
  switch (action.type) {
    case 'sign in':
      return signIn(action, world, rows)
    case 'disable':
    case 'enable':
    case 'erase':
    case 'set a password':
      return changeUser(action, world)
    default:
      return onServer(action, world, rows)
  }
}

function signIn(action: LoginAction & { readonly type: 'sign in' }, world: World, rows: Rows): Step {
  const { sessions, clock } = world.servers[action.at]
  const userId = world.people[action.user] ?? ''
  const held = world.browsers[action.browser] ?? null
  const { provider, remember } = action
  const userAgent = userAgents[action.browser] ?? ''
  const setAt = provider === 'local' ? rows.passwords.get(userId) : undefined
  const passwordSetAt = setAt === undefined ? null : setAt - (action.stalePassword ? 1 : 0)
  return {
    async run() {
      const started = await sessions.start(
        { userId, provider, ...(passwordSetAt === null ? {} : { passwordSetAt }) },
        { address: '192.0.2.7', userAgent },
        { remember, replaces: held?.cookieValue ?? null },
      )
      if (started.outcome !== 'started' || action.answerLost) return
      world.browsers[action.browser] = { id: started.session.id, userId, cookieValue: started.cookieValue }
    },
    foresee(rules) {
      const replacesId = held?.id ?? null
      rules.start({ userId, provider, remember, userAgent, passwordSetAt, replacesId }, clock.now())
    },
  }
}

type OnServer = Exclude<
  LoginAction,
  { readonly type: 'sign in' | 'disable' | 'enable' | 'erase' | 'set a password' }
>

function onServer(action: OnServer, world: World, rows: Rows): Step | null {
  const { sessions, clock } = world.servers[action.at]
  const now = () => clock.now()
  switch (action.type) {
    case 'sweep sessions':
      return { run: () => sessions.sweep(), foresee: (rules) => rules.sweep(now()) }
    case 'log out without a session':
      return { run: () => sessions.logOut('of nobody'), foresee: () => {} }
    case 'end all of a user': {
      const userId = world.people[action.user] ?? ''
      return {
        run: () => sessions.endAll(userId, null, 'revoked_by_admin', admin),
        foresee: (rules) => rules.endAll(userId, null, 'revoked_by_admin', now()),
      }
    }
    case 'end a device': {
      const session = rows.sessions.at(action.session % Math.max(1, rows.sessions.length))
      if (session === undefined) return null
      const { id } = session
      if (action.by === 'admin') {
        return {
          run: () => sessions.end(id, 'revoked_by_admin', admin),
          foresee: (rules) => rules.endById(id, 'revoked_by_admin', now()),
        }
      }
      const userId = action.by === 'owner' ? (session.user_id ?? 'usr_erased') : 'usr_stranger'
      return {
        run: () => sessions.end(id, 'revoked_by_user', person(userId), userId),
        foresee: (rules) => rules.endById(id, 'revoked_by_user', now(), userId),
      }
    }
    default:
      return inBrowser(action, world)
  }
}

type InBrowser = Extract<OnServer, { readonly browser: number }>

function inBrowser(action: InBrowser, world: World): Step | null {
  const { sessions, clock } = world.servers[action.at]
  const held = world.browsers[action.browser] ?? null
  if (held === null) return null
  const { id, userId, cookieValue } = held
  switch (action.type) {
    case 'visit': {
      const own = userAgents[action.browser] ?? ''
      const other = userAgents[(action.browser + 1) % userAgents.length] ?? ''
      const userAgent =
        action.as === 'another' ? other : own.replaceAll('140', action.as === 'updated' ? '141' : '140')
      return {
        run: () => sessions.find(cookieValue, { address: '192.0.2.9', userAgent }),
        foresee: (rules, late) => rules.visit(id, userAgent, clock.now(), late),
      }
    }
    case 'log out':
      return {
        run: () => sessions.logOut(cookieValue),
        foresee: (rules, late) => rules.end(id, 'logout', clock.now(), late),
      }
    case 'end all others':
      return {
        run: () => sessions.endAll(userId, id, 'revoked_by_user', person(userId)),
        foresee: (rules) => rules.endAll(userId, id, 'revoked_by_user', clock.now()),
      }
  }
}

/** Changes of a user close sessions and say nothing: the command line makes them, and servers too. */
function changeUser(
  action: LoginAction & { readonly type: 'disable' | 'enable' | 'erase' | 'set a password' },
  world: World,
): Step {
  const { users, passwords } =
    action.at === 'command line' ? world.commandLine : world.servers[action.at].store
  const clock = action.at === 'command line' ? world.clock : world.servers[action.at].clock
  const now = clock.now()
  const userId = world.people[action.user] ?? ''
  if (action.type === 'erase') {
    return {
      run: () => users.erase(userId, now, admin),
      foresee: (rules) => rules.erase(userId, now),
    }
  }
  if (action.type === 'set a password') {
    const keepSessionId = action.keeps === null ? null : (world.browsers[action.keeps]?.id ?? null)
    return {
      run: () => passwords.set({ userId, hash: 'h', at: now, oneTime: false, keepSessionId }, admin),
      foresee: (rules) => rules.setPassword(userId, keepSessionId, now),
    }
  }
  const disabled = action.type === 'disable'
  return {
    run: () => users.setDisabled(userId, disabled ? now : null, now, admin),
    foresee: (rules: LoginRules) => rules.disable(userId, disabled, now),
  }
}

function person(id: string): Actor {
  return { kind: 'user', id }
}
