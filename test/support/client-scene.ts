import { systemRandom } from '../../src/lib/random.ts'
import { createDocumentReader } from '../../src/oauth/client-document.ts'
import { createClientDocuments } from '../../src/oauth/client-documents.ts'
import type { ClientDirectory } from '../../src/oauth/client-directory.ts'
import type { Clients, NewClient, RegisterOutcome } from '../../src/oauth/client.ts'
import { createClientDirectory } from '../../src/oauth/clients-directory.ts'
import { createClients } from '../../src/oauth/clients.ts'
import { createGuardedFetch } from '../../src/oauth/guarded-fetch.ts'
import type { Reach } from '../../src/oauth/guarded-fetch.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { stoppedClock } from './stopped-clock.ts'
import type { StoppedClock } from './stopped-clock.ts'

export interface ClientRules {
  readonly approvalRequired?: boolean
  readonly hosts?: readonly string[]
}

/** Clients on a store of their own, at a time that stands still. */
export interface ClientScene {
  readonly store: Store
  readonly clock: StoppedClock
  /** Signals so far: name and values. */
  readonly said: string[]
  readonly used: (readonly [clientId: string, at: number])[]
  /** With no reach there are no clients by document. */
  directory(reach: Reach | null, rules?: ClientRules): ClientDirectory
  clients(rules?: ClientRules): Clients
  /** Registers one by hand; throws when it is refused. */
  register(client: Partial<NewClient>, rules?: ClientRules): Promise<Registered>
  close(): Promise<void>
}

type Registered = Extract<RegisterOutcome, { outcome: 'registered' }>

export const byAdmin = { kind: 'admin', id: null } as const

/** What is registered by hand where a test says nothing else. */
export const plainClient: NewClient = {
  name: 'Example',
  redirectUris: ['https://app.example.com/cb'],
  grantTypes: [],
  confidential: false,
  workspace: null,
  ownerId: null,
  origin: 'admin',
}

export async function openClientScene(): Promise<ClientScene> {
  const clock = stoppedClock()
  const random = systemRandom
  const said: string[] = []
  const used: (readonly [string, number])[] = []
  const store = openStore('sqlite::memory:', { clock, random })
  await store.migrate()
  const parts = { store: store.clients, clock, random, emit: say }
  function say(signal: string, fields: object): void {
    said.push([signal, ...Object.values(fields)].map(String).join(' '))
  }
  const clients = ({ approvalRequired = false }: ClientRules = {}) =>
    createClients({ approvalRequired }, parts)
  return {
    store,
    clock,
    said,
    used,
    clients,
    directory(reach, { approvalRequired = false, hosts = [] } = {}) {
      const options = { approvalRequired, hosts }
      const documents =
        reach === null
          ? null
          : createClientDocuments(options, {
              ...parts,
              read: createDocumentReader(options, { fetch: createGuardedFetch(reach, 1000), clock }),
            })
      const noteUse = (id: string, at: number) => void used.push([id, at])
      return createClientDirectory(options, { ...parts, documents, noteUse })
    },
    async register(client, rules) {
      const outcome = await clients(rules).register({ ...plainClient, ...client }, byAdmin)
      if (outcome.outcome !== 'registered') throw new Error(outcome.problem)
      return outcome
    },
    close: () => store.close(),
  }
}
