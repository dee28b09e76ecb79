import { mkdtemp, rm } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPasswordHashing } from '../../src/identity/password-hashing.ts'
import { setPassword } from '../../src/identity/set-password.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/secret.ts'
import { createClients } from '../../src/oauth/clients.ts'
import type { NewClient } from '../../src/oauth/client.ts'
import { plainClient } from './client-scene.ts'
import { startComposed } from './composed-gateway.ts'
import type { ComposedGateway } from './composed-gateway.ts'
import { startDocumentServer } from './document-server.ts'
import type { DocumentServer } from './document-server.ts'
import { operator, testPassword } from './gateway.ts'
import { movingClock } from './moving-clock.ts'
import type { MovingClock } from './moving-clock.ts'
import { OauthCaller } from './oauth-caller.ts'
import { openPeerBrowser } from './peer-browser.ts'
import { personAt } from './person.ts'
import type { Person } from './person.ts'
import { startRecordingUpstream } from './recording-upstream.ts'
import { startPeers } from './sign-in-peers.ts'

/** The product with every sign-in provider, clients of each kind, and its background work in the test's hands. */
export interface SignInScene {
  readonly gateway: ComposedGateway
  readonly clock: MovingClock
  readonly documents: DocumentServer
  readonly oauth: OauthCaller
  /** Somebody with a password at a new browser. */
  meet(word: string): Promise<Known>
  givePassword(userId: string, email: string): Promise<void>
  /** Signs in by a provider's own page; answers the status of the way back. */
  signInBy(provider: string, person: Person, login: string): Promise<number>
  /** Registers a client by hand, as the command line does, where nothing is stated. */
  addClient(client: Partial<NewClient>): Promise<{ readonly id: string; readonly secret: string }>
  /** Changes the store behind the gateway's back. */
  alter(statement: string): void
  close(): Promise<void>
}

export type Known = Person & { readonly userId: string }

export async function startSignInScene(
  more: Readonly<Record<string, unknown>> = {},
  auth: Readonly<Record<string, unknown>> = {},
): Promise<SignInScene> {
  const ends = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sign-in-'))
  ends.defer(() => rm(folder, { recursive: true, force: true }))
  const clock = movingClock()
  const documents = await startDocumentServer()
  ends.defer(() => documents.close())
  const upstream = await startRecordingUpstream({ assertion: false })
  ends.defer(() => upstream.close())
  const store = join(folder, 'gateway.db')
  const gateway = await startComposed({
    upstreams: [{ name: 'code', url: upstream.url, default: true, scopes: ['code:read'], identity: 'none' }],
    async settingsAt(url) {
      const peers = await startPeers(url)
      ends.defer(() => peers.close())
      return {
        auth: {
          ...peers.auth,
          sessions: { idleMinutes: 600, maxHours: 1, rememberedIdleDays: 1, rememberedMaxDays: 30 },
          tokens: { refreshDays: 1 },
          ...auth,
        },
        limits: { enabled: false },
        // Nobody listens there: spans are made all the same.
        telemetry: { traces: { endpoint: 'http://127.0.0.1:9', sampleRatio: 1 } },
        ...more,
      }
    },
    store: `sqlite:${store}`,
    clock,
    reach: documents.reach,
  })
  ends.defer(() => gateway.close())
  const { url } = gateway
  const hashing = createPasswordHashing(
    { memoryCost: 64, timeCost: 1, parallelism: 1 },
    { random: systemRandom },
  )
  const clients = createClients(
    { approvalRequired: false },
    { store: gateway.store.clients, clock, random: systemRandom, emit: () => {} },
  )
  const givePassword: SignInScene['givePassword'] = async (userId, email) => {
    const password = new Secret(testPassword)
    const request = { userId, email, password, oneTime: false, keepSessionId: null }
    await setPassword(request, operator, { passwords: gateway.store.passwords, hashing, clock })
  }
  return {
    gateway,
    clock,
    documents,
    oauth: new OauthCaller(url),
    givePassword,
    async meet(word) {
      const { sub: userId } = await gateway.addCaller(word)
      const email = `${word}@example.com`
      await givePassword(userId, email)
      return { ...personAt(url, email), userId }
    },
    async signInBy(provider, { browser }, login) {
      const { headers, status } = await browser.get(`/login/begin/${provider}`)
      const page = headers.get('location')
      if (page === null) throw new Error(`${provider} has no page: ${status}`)
      const back = await openPeerBrowser().signIn(new URL(page), login, `${url}/login/callback/${provider}`)
      return (await browser.get(back.pathname + back.search)).status
    },
    async addClient(client) {
      const added = await clients.register({ ...plainClient, ...client }, operator)
      if (added.outcome !== 'registered') throw new Error(added.problem)
      return { id: added.client.id, secret: added.secret ?? '' }
    },
    alter(statement) {
      const database = new DatabaseSync(store)
      database.exec(`pragma busy_timeout = 5000; ${statement}`)
      database.close()
    },
    close: () => ends.disposeAsync(),
  }
}
