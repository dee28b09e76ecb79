import type { UserStore, UserWithMemberships } from '../identity/user-store.ts'
import type { User } from '../identity/user.ts'
import { normalizeEmail, roles } from '../identity/user.ts'
import { defaultWorkspace, isWorkspaceName } from '../identity/workspace.ts'
import { Failure } from '../lib/error.ts'
import { newId } from '../lib/id.ts'
import { atCommandLine } from './at-command-line.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { readPassword, storePassword } from './passwords.ts'
import { withStore } from './with-store.ts'

export function emailFrom(text: string): string {
  const email = normalizeEmail(text)
  if (email === null)
    throw new UsageError(`${JSON.stringify(text)} is no e-mail address`, 'write it as name@example.com')
  return email
}

export function noSuchUser(email: string): Failure {
  const fix = `sallyport users add ${email}`
  return new Failure({ code: 'user_unknown', status: 404, message: `there is no user ${email}`, fix })
}

/** The user whose address is the command's operand. */
async function userNamed(
  input: CommandContext['input'],
  { users }: { readonly users: UserStore },
): Promise<User> {
  const email = emailFrom(input.words[0] ?? '')
  const found = await users.findByEmail(email)
  if (found === undefined) throw noSuchUser(email)
  return found.user
}

/** Whoever adds somebody to one more workspace does not mean to change their password. */
function hasAccount(email: string): Failure {
  const fix = `sallyport users set-password ${email} --password-stdin, and add the workspace without a password`
  return new Failure({ code: 'user_exists', status: 409, message: `${email} has an account already`, fix })
}

export const usersAdd: Command = {
  name: 'users add',
  summary: 'Adds a user to a workspace; the workspace is made when it is new.',
  operands: ['EMAIL'],
  flags: {
    workspace: { summary: `The workspace. Default ${defaultWorkspace}.`, value: 'NAME' },
    role: {
      summary: 'user, operator, auditor or admin; kept for the console, which is not here yet. Default user.',
      value: 'ROLE',
    },
    'password-stdin': {
      summary: 'Reads a password to sign in with, at least 12 characters, from standard input. Default none.',
    },
  },
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, surroundings, print } = context
      const email = emailFrom(input.words[0] ?? '')
      const workspace = input.flag('workspace') ?? defaultWorkspace
      const role = roles.find((known) => known === (input.flag('role') ?? 'user'))
      if (!isWorkspaceName(workspace)) {
        throw new UsageError(
          `${JSON.stringify(workspace)} is no workspace name`,
          'use lower-case letters, digits and -',
        )
      }
      if (role === undefined) throw new UsageError('--role is not known', `use one of ${roles.join(', ')}`)
      const password = input.has('password-stdin') ? await readPassword(context, email) : null
      if (password !== null && (await store.users.findByEmail(email)) !== undefined) throw hasAccount(email)
      const id = newId('usr', surroundings.random)
      const added = await store.users.add(
        { id, email, workspace, role, at: surroundings.clock.now() },
        atCommandLine,
      )
      if (added.outcome === 'already_member') {
        const message = `${email} is in workspace ${workspace} already`
        throw new Failure({
          code: 'user_exists',
          status: 409,
          message,
          fix: 'name another --workspace, or go on',
        })
      }
      if (added.outcome === 'address_unproven') {
        throw new Failure({
          code: 'address_unproven',
          status: 409,
          message: `${email} is what somebody calls themselves who signed up by ${added.user.authSource} without proof`,
          fix: 'take that account away with `sallyport users erase`, or name another address',
        })
      }
      if (password !== null && added.outcome === 'added')
        await storePassword(context, store, added.user, password, { oneTime: false })
      const user = { id: added.user.id, email, workspace, role }
      print(
        input.json
          ? JSON.stringify({ user })
          : `${email} is in workspace ${workspace} as ${role} (${user.id})`,
      )
    }),
}

export const usersSetPassword: Command = {
  name: 'users set-password',
  summary: 'Sets the password a user signs in with, and signs them out everywhere.',
  operands: ['EMAIL'],
  flags: {
    'password-stdin': { summary: 'Reads it, at least 12 characters, from standard input. Needed.' },
  },
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, print } = context
      const email = emailFrom(input.words[0] ?? '')
      if (!input.has('password-stdin')) {
        // As an argument it would stand in the list of processes and in the shell's history.
        throw new UsageError('--password-stdin is missing', 'pipe the password in: … --password-stdin < FILE')
      }
      const { id } = await userNamed(input, store)
      const password = await readPassword(context, email)
      const user = { id, email }
      await storePassword(context, store, user, password, { oneTime: false })
      print(
        input.json ? JSON.stringify({ user }) : `${email} has a new password, and is signed out everywhere`,
      )
    }),
}

export const usersList: Command = {
  name: 'users list',
  summary: 'Lists the users.',
  operands: [],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store }) => {
      const users = (await store.users.list()).map(publicUser)
      if (context.input.json) return context.print(JSON.stringify({ users }))
      for (const { email, id, memberships, disabledAt } of users) {
        const places = memberships.map(({ workspace, role }) => `${workspace} (${role})`).join(', ')
        context.print(`${email}  ${id}  ${places}${disabledAt === null ? '' : '  disabled'}`)
      }
    }),
}

function publicUser({ user, memberships }: UserWithMemberships) {
  const { id, email, createdAt, disabledAt } = user
  return {
    id,
    email,
    workspace: memberships[0]?.workspace ?? null,
    role: memberships[0]?.role ?? null,
    memberships: memberships.map(({ workspace, role }) => ({ workspace, role })),
    createdAt: new Date(createdAt).toISOString(),
    disabledAt: disabledAt === null ? null : new Date(disabledAt).toISOString(),
  }
}

function switchCommand(word: 'disable' | 'enable', summary: string): Command {
  return {
    name: `users ${word}`,
    summary,
    operands: ['EMAIL'],
    flags: {},
    run: (context) => withStore(context, ({ store }) => setDisabled(context, store, word === 'disable')),
  }
}

async function setDisabled(
  { input, surroundings, print }: CommandContext,
  { users }: Parameters<Parameters<typeof withStore>[1]>[0]['store'],
  disabled: boolean,
): Promise<void> {
  const { id, email } = await userNamed(input, { users })
  const now = surroundings.clock.now()
  await users.setDisabled(id, disabled ? now : null, now, atCommandLine)
  const user = { id, email, disabled }
  print(
    input.json
      ? JSON.stringify({ user })
      : `${email} is ${disabled ? 'disabled' : 'enabled'}, from the next call on`,
  )
}

export const usersDisable = switchCommand(
  'disable',
  'Disables a user: they are signed out, and their keys stop working with the next call.',
)
export const usersEnable = switchCommand('enable', 'Enables a disabled user again.')

export const usersSignOut: Command = {
  name: 'users sign-out',
  summary: 'Ends the login sessions of a user in every browser; their apps and API keys go on.',
  operands: ['EMAIL'],
  flags: { apps: { summary: 'Revokes every app that acts for them, too.' } },
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, surroundings, print } = context
      const { id, email } = await userNamed(input, store)
      const now = surroundings.clock.now()
      await store.users.signOut(id, now, atCommandLine)
      const apps = input.has('apps') ? await store.consents.revokeAll(id, now, atCommandLine) : []
      const text = `${email} is signed out everywhere${input.has('apps') ? `; apps revoked: ${apps.length}` : ''}`
      print(input.json ? JSON.stringify({ user: { id, email }, appsRevoked: apps.length }) : text)
    }),
}

export const usersErase: Command = {
  name: 'users erase',
  summary:
    'Deletes a person with their keys, apps and sign-ins; no pseudonym of theirs can be led back any more.',
  operands: ['EMAIL'],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, surroundings, print } = context
      const { id, email } = await userNamed(input, store)
      await store.users.erase(id, surroundings.clock.now(), atCommandLine)
      print(input.json ? JSON.stringify({ erased: { id } }) : `${email} is erased (${id})`)
    }),
}
