import { ownerScopes } from '../access/owner-scopes.ts'
import { scopeProblem, upstreamNameProblem } from '../config/problems.ts'
import type { UpstreamSettings } from '../config/upstream-options.ts'
import type { ApiKey } from '../identity/api-key.ts'
import { issueKey, rotateKey } from '../identity/key-lifecycle.ts'
import type { IssuedKey } from '../identity/key-lifecycle.ts'
import type { UserWithMemberships } from '../identity/user-store.ts'
import { Failure } from '../lib/error.ts'
import { atCommandLine } from './at-command-line.ts'
import { clientSnippets } from './client-snippets.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { lifetimeDays } from './lifetime.ts'
import { emailFrom, noSuchUser } from './users.ts'
import { withStore } from './with-store.ts'

export const keysCreate: Command = {
  name: 'keys create',
  summary: 'Makes an API key for a user and prints it, once.',
  operands: [],
  flags: {
    user: { summary: 'Whose key it is.', value: 'EMAIL' },
    workspace: { summary: "The key's workspace; needed when the user is in several.", value: 'NAME' },
    name: { summary: 'What the key is for. Default "key".', value: 'NAME' },
    scope: {
      summary:
        'A scope it carries; may be repeated. Default: all that the upstreams open to the workspace ask for now.',
      value: 'SCOPE',
      repeatable: true,
    },
    upstream: {
      summary: 'An upstream it is limited to; may be repeated. Default: all.',
      value: 'NAME',
      repeatable: true,
    },
    'expires-in': { summary: 'How long it lives: 90d, 12h, 1y or never.', value: 'TIME' },
  },
  run: (context) =>
    withStore(context, async ({ store, config }) => {
      const { input, surroundings } = context
      const { settings } = config
      const email = emailFrom(input.flag('user') ?? missing('--user EMAIL'))
      const days = lifetimeDays(input.flag('expires-in') ?? `${settings['auth.apiKeys.defaultExpiryDays']}d`)
      const scopes = checked(input.flags('scope'), '--scope', scopeProblem)
      const upstreams = checked(input.flags('upstream'), '--upstream', upstreamNameProblem)
      const owner = await store.users.findByEmail(email)
      if (owner === undefined) throw noSuchUser(email)
      const workspace = chooseWorkspace(owner, input.flag('workspace'))
      const request = {
        userId: owner.user.id,
        workspace,
        name: nameFrom(input.flag('name') ?? 'key'),
        scopes: scopes.length > 0 ? scopes : ownerScopes(config.upstreams, workspace),
        upstreams,
        expiresInDays: days,
        maxPerUser: settings['auth.apiKeys.maxPerUser'],
      }
      const parts = { apiKeys: store.apiKeys, clock: surroundings.clock, random: surroundings.random }
      const issued = await issueKey(request, atCommandLine, parts)
      if (issued.outcome === 'created') {
        surroundings.log.info('key created', { keyId: issued.id })
        printIssued(context, issued)
        if (!input.json) {
          const publicUrl = settings.publicUrl ?? `http://127.0.0.1:${settings['listen.port']}`
          const path = pathFor(upstreams, config.upstreams)
          context.print(clientSnippets({ url: `${publicUrl.replace(/\/$/, '')}${path}`, apiKey: issued.key }))
        }
        return
      }
      if (issued.outcome === 'owner_inactive')
        throw failed(`${email} is disabled`, `sallyport users enable ${email}`)
      throw failed(
        `${email} holds ${issued.limit} active keys already`,
        'revoke one, or raise auth.apiKeys.maxPerUser',
      )
    }),
}

export const keysList: Command = {
  name: 'keys list',
  summary: 'Lists the keys, without their secrets.',
  operands: [],
  flags: { user: { summary: "Only this user's.", value: 'EMAIL' } },
  run: (context) =>
    withStore(context, async ({ store }) => {
      const users = await store.users.list()
      const emails = new Map(users.map(({ user }) => [user.id, user.email]))
      const only = context.input.flag('user')
      const owner = only === undefined ? undefined : users.find(({ user }) => user.email === emailFrom(only))
      if (only !== undefined && owner === undefined) throw noSuchUser(only)
      const found = await store.apiKeys.list(owner === undefined ? {} : { userId: owner.user.id })
      const now = context.surroundings.clock.now()
      const keys = found.map((key) => publicKey(key, emails.get(key.userId) ?? null, now))
      if (context.input.json) return context.print(JSON.stringify({ keys }))
      for (const { id, user, workspace, name, status, expiresAt } of keys) {
        context.print(`${id}  ${user}  ${workspace}  ${name}  ${status}  expires ${expiresAt ?? 'never'}`)
      }
    }),
}

export const keysRotate: Command = {
  name: 'keys rotate',
  summary: 'Makes a successor with the same rights; the old key works through the grace period.',
  operands: ['KEY_ID'],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store, config }) => {
      const { surroundings, input } = context
      const id = input.words[0] ?? ''
      const parts = { apiKeys: store.apiKeys, clock: surroundings.clock, random: surroundings.random }
      const grace = config.settings['auth.apiKeys.rotationGraceHours']
      const rotated = await rotateKey(id, grace, {}, atCommandLine, parts)
      if (rotated.outcome === 'not_found') throw noSuchKey(id)
      if (rotated.outcome === 'not_active') throw failed(`key ${id} is not active`, 'create a new one')
      surroundings.log.info('key rotated', { keyId: id })
      printIssued(context, rotated)
      if (!input.json) context.note(`The old key ${id} works for ${grace} more hours at the most.`)
    }),
}

export const keysRevoke: Command = {
  name: 'keys revoke',
  summary: 'Revokes a key: it is refused from its next call on.',
  operands: ['KEY_ID'],
  flags: {},
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { surroundings, input, print } = context
      const id = input.words[0] ?? ''
      if (!(await store.apiKeys.revoke(id, surroundings.clock.now(), {}, atCommandLine))) throw noSuchKey(id)
      surroundings.log.info('key revoked', { keyId: id })
      print(input.json ? JSON.stringify({ revoked: { id } }) : `${id} is revoked, from its next call on`)
    }),
}

function printIssued({ input, print, note }: CommandContext, { key, id, expiresAt }: IssuedKey): void {
  const expires = expiresAt === null ? null : new Date(expiresAt).toISOString()
  if (input.json) return print(JSON.stringify({ key, id, expiresAt: expires }))
  print(key)
  note(`This is the only time the key is shown. Its id is ${id}; it expires ${expires ?? 'never'}.`)
}

function publicKey(key: ApiKey, user: string | null, now: number) {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
  const expired = key.expiresAt !== null && key.expiresAt <= now
  const status =
    key.revokedAt !== null ? 'revoked' : expired ? 'expired' : key.replacedBy !== null ? 'rotated' : 'active'
  return {
    ...key,
    user,
    status,
    createdAt: iso(key.createdAt),
    expiresAt: iso(key.expiresAt),
    lastUsedAt: iso(key.lastUsedAt),
    revokedAt: iso(key.revokedAt),
  }
}

/** Where the key is of use: /mcp, unless it is limited to one upstream or there is no default one. */
function pathFor(limitedTo: readonly string[], configured: readonly UpstreamSettings[]): string {
  const atRoot = configured.length < 2 || configured.some((upstream) => upstream.default)
  const name = limitedTo.length === 1 || !atRoot ? (limitedTo[0] ?? configured[0]?.name) : undefined
  return name === undefined ? '/mcp' : `/mcp/${name}`
}

function chooseWorkspace({ memberships, user }: UserWithMemberships, wanted: string | undefined): string {
  const names = memberships.map(({ workspace }) => workspace)
  const chosen = wanted === undefined && names.length === 1 ? names[0] : names.find((name) => name === wanted)
  if (chosen !== undefined) return chosen
  const what =
    wanted === undefined ? `${user.email} is in several workspaces` : `${user.email} is not in ${wanted}`
  throw failed(what, `name one with --workspace: ${names.join(', ')}`)
}

function checked(
  values: readonly string[],
  flag: string,
  problem: (value: string) => string | null,
): readonly string[] {
  for (const value of values) {
    const wrong = problem(value)
    if (wrong !== null) throw new UsageError(`${flag} ${JSON.stringify(value)} ${wrong}`, 'correct it')
  }
  return [...new Set(values)]
}

function nameFrom(text: string): string {
  const name = text.trim()
  if (name !== '' && name.length <= 100 && !/\p{Cc}/u.test(name)) return name
  throw new UsageError('--name must have 1 to 100 characters, none of them control characters', 'shorten it')
}

function missing(flag: string): never {
  throw new UsageError(`${flag} is missing`, 'see sallyport keys create --help')
}

function failed(message: string, fix: string): Failure {
  return new Failure({ code: 'key_refused', status: 409, message, fix })
}

function noSuchKey(id: string): Failure {
  const message = `there is no active key ${JSON.stringify(id)}`
  return new Failure({ code: 'key_unknown', status: 404, message, fix: 'see sallyport keys list' })
}
