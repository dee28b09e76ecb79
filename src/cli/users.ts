import type { Actor } from '../identity/api-key-store.ts'
import type { UserWithMemberships } from '../identity/user-store.ts'
import { normalizeEmail, roles } from '../identity/user.ts'
import { defaultWorkspace, isWorkspaceName } from '../identity/workspace.ts'
import { Failure } from '../lib/error.ts'
import { newId } from '../lib/id.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { withStore } from './with-store.ts'

/** The command line acts with the rights of whoever may open the store. */
export const atCommandLine: Actor = { kind: 'admin', id: null }

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
      const user = { id: added.user.id, email, workspace, role }
      print(
        input.json
          ? JSON.stringify({ user })
          : `${email} is in workspace ${workspace} as ${role} (${user.id})`,
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
  const email = emailFrom(input.words[0] ?? '')
  const found = await users.findByEmail(email)
  if (found === undefined) throw noSuchUser(email)
  const now = surroundings.clock.now()
  await users.setDisabled(found.user.id, disabled ? now : null, now, atCommandLine)
  const user = { id: found.user.id, email, disabled }
  print(
    input.json
      ? JSON.stringify({ user })
      : `${email} is ${disabled ? 'disabled' : 'enabled'}, from the next call on`,
  )
}

export const usersDisable = switchCommand(
  'disable',
  'Disables a user: their keys stop working with the next call.',
)
export const usersEnable = switchCommand('enable', 'Enables a disabled user again.')

export const usersErase: Command = {
  name: 'users erase',
  summary: 'Deletes a person with their keys; no pseudonym of theirs can be led back any more.',
  operands: ['EMAIL'],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, surroundings, print } = context
      const email = emailFrom(input.words[0] ?? '')
      const found = await store.users.findByEmail(email)
      if (found === undefined) throw noSuchUser(email)
      const { id } = found.user
      await store.users.erase(id, surroundings.clock.now(), atCommandLine)
      print(input.json ? JSON.stringify({ erased: { id } }) : `${email} is erased (${id})`)
    }),
}
