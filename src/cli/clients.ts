import type { Config } from '../config/load.ts'
import type { Actor } from '../identity/api-key-store.ts'
import { Failure } from '../lib/error.ts'
import type { Client, Clients } from '../oauth/client.ts'
import type { ClientStore } from '../oauth/client-store.ts'
import { createClients } from '../oauth/clients.ts'
import { deviceCodeGrant } from '../oauth/registration.ts'
import { clientStatuses } from '../telemetry/vocabulary.ts'
import { atCommandLine } from './at-command-line.ts'
import { UsageError } from './command.ts'
import type { Command, CommandContext } from './command.ts'
import { withStore } from './with-store.ts'

/** Grants by the words people write; the long one is what RFC 8628 calls it. */
const grants: ReadonlyMap<string, string> = new Map([
  ['authorization_code', 'authorization_code'],
  ['refresh_token', 'refresh_token'],
  ['device_code', deviceCodeGrant],
  [deviceCodeGrant, deviceCodeGrant],
  ['client_credentials', 'client_credentials'],
])

export const clientsAdd: Command = {
  name: 'clients add',
  summary: 'Registers an OAuth client and prints its id, and its secret once.',
  operands: [],
  flags: {
    name: { summary: 'What people read when they are asked for consent.', value: 'NAME' },
    'redirect-uri': {
      summary:
        'Where sign-in leads back to: https, http on 127.0.0.1, [::1] or localhost (any port), or a scheme of an application; may be repeated.',
      value: 'URI',
      repeatable: true,
    },
    grant: {
      summary:
        'authorization_code, refresh_token, device_code or client_credentials; may be repeated. Default: the first two.',
      value: 'GRANT',
      repeatable: true,
    },
    confidential: { summary: 'It can keep a secret, and gets one.' },
    workspace: {
      summary: 'The one workspace it acts in for itself; client_credentials only.',
      value: 'NAME',
    },
  },
  run: (context) =>
    withClients(context, async (clients) => {
      const { input, print, note } = context
      const registered = await clients.register(
        {
          name: input.flag('name') ?? missing('--name NAME'),
          redirectUris: input.flags('redirect-uri'),
          grantTypes: input.flags('grant').map(grantFrom),
          confidential: input.has('confidential'),
          workspace: input.flag('workspace') ?? null,
          ownerId: null,
          origin: 'admin',
        },
        atCommandLine,
      )
      if (registered.outcome === 'invalid') {
        throw new UsageError(registered.problem, 'see sallyport clients add --help')
      }
      const { client, secret } = registered
      if (input.json) return print(JSON.stringify({ client: publicClient(client), secret }))
      print(`client_id: ${client.id}`)
      if (secret === null) return
      print(`client_secret: ${secret}`)
      note('This is the only time the secret is shown.')
    }),
}

export const clientsList: Command = {
  name: 'clients list',
  summary: 'Lists the OAuth clients, without their secrets.',
  operands: [],
  flags: { status: { summary: 'Only those that are pending, active or inactive.', value: 'STATUS' } },
  run: (context) =>
    withClients(context, async (clients) => {
      const { input, print } = context
      const wanted = input.flag('status')
      const status = clientStatuses.find((known) => known === wanted)
      if (wanted !== undefined && status === undefined) {
        throw new UsageError('--status is not known', `use one of ${clientStatuses.join(', ')}`)
      }
      const listed = await clients.list(status === undefined ? {} : { status })
      if (input.json) return print(JSON.stringify({ clients: listed.map(publicClient) }))
      for (const { id, name, origin, redirectUris, workspace, ...client } of listed) {
        const itself = workspace === null ? [] : [`itself in ${workspace}`]
        print([id, name, client.status, origin, ...itself, ...redirectUris].join('  '))
      }
    }),
}

export const clientsApprove = stepCommand(
  'approve',
  'Lets a client that waits, or was revoked, ask people for consent.',
  'is approved',
)
export const clientsReject = stepCommand(
  'reject',
  'Turns away a client that waits for approval.',
  'is rejected',
)
export const clientsRevoke = stepCommand(
  'revoke',
  'Ends a client: its consents end now, and its tokens are refused from the next call on.',
  'is revoked, from its next call on',
)

function stepCommand(word: 'approve' | 'reject' | 'revoke', summary: string, done: string): Command {
  return {
    name: `clients ${word}`,
    summary,
    operands: ['CLIENT_ID'],
    flags: {},
    run: (context) =>
      withClients(context, async (clients) => {
        const { input, print } = context
        const id = input.words[0] ?? ''
        const step: (id: string, actor: Actor) => Promise<boolean> = clients[word]
        if (!(await step(id, atCommandLine))) throw noSuchClient(id, word)
        const client = (await clients.list({})).find((one) => one.id === id)
        if (input.json)
          return print(JSON.stringify({ client: client === undefined ? null : publicClient(client) }))
        print(`${client?.name ?? id} ${done} (${id})`)
      }),
  }
}

/** Whatever a command changes, it changes in the store: the servers say what is counted. */
function withClients(context: CommandContext, work: (clients: Clients) => Promise<void>): Promise<void> {
  return withStore(context, ({ store, config }) => work(clientsOf(store.clients, config, context)))
}

function clientsOf(store: ClientStore, { settings }: Config, { surroundings }: CommandContext): Clients {
  const approvalRequired = settings['auth.registration.approval'] === 'required'
  const { clock, random } = surroundings
  return createClients({ approvalRequired }, { store, clock, random, emit: () => {} })
}

function publicClient(client: Client) {
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString())
  return { ...client, createdAt: iso(client.createdAt), lastUsedAt: iso(client.lastUsedAt) }
}

function grantFrom(word: string): string {
  const grant = grants.get(word)
  if (grant !== undefined) return grant
  throw new UsageError(
    `--grant ${JSON.stringify(word)} is not known`,
    'use authorization_code, refresh_token, device_code or client_credentials',
  )
}

function missing(flag: string): never {
  throw new UsageError(`${flag} is missing`, 'see sallyport clients add --help')
}

function noSuchClient(id: string, word: string): Failure {
  const message = `there is no client ${JSON.stringify(id)} to ${word}`
  return new Failure({ code: 'client_unknown', status: 404, message, fix: 'see sallyport clients list' })
}
