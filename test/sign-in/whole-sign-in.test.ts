import { afterEach, expect, it } from 'vitest'
import { createResolveAccount } from '../../src/identity/linked-account.ts'
import { createSignIn } from '../../src/identity/sign-in.ts'
import type { SignIn } from '../../src/identity/sign-in.ts'
import type { SignInProviders } from '../../src/identity/remote-providers.ts'
import { createSignInRedirects } from '../../src/identity/sign-in-redirect.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { Secret } from '../../src/lib/secret.ts'
import type { Store } from '../../src/storage/open-store.ts'
import type { SignalFields, SignalName } from '../../src/telemetry/signals.ts'
import type { Emit } from '../../src/telemetry/telemetry.ts'
import { onSqlite } from '../storage/databases.ts'
import type { TestDatabases } from '../storage/databases.ts'
import { firefox, replica } from '../storage/login-scene.ts'
import { startGiteaPeer } from '../support/gitea-peer.ts'
import { startGithubPeer } from '../support/github-peer.ts'
import { startHttpApiPeer } from '../support/http-api-peer.ts'
import { startOidcPeer } from '../support/oidc-peer.ts'
import { openPeerBrowser } from '../support/peer-browser.ts'
import type { PeerServer } from '../support/peer-server.ts'
import { callbackOf, providersOf } from '../support/remote-sign-in.ts'
import { stoppedClock } from '../support/stopped-clock.ts'

const tenant = '7b1f3a52-0c5e-4d9e-9d1f-2f6a4f2f9b10'
const email = 'ada@example.com'
const redirecting = ['github', 'gitea', 'gitlab', 'microsoft', 'oidc'] as const
const secret = 'a-secret-of-the-company-0123456789'

const peers: PeerServer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

/** All six of them, each with Ada, who has proved her address to everybody. */
async function startPeers() {
  const login = 'ada'
  const plain = [{ id: 4711, login, emails: [{ email, primary: true, verified: true }] }]
  const claims = { sub: 'ada-1', email, email_verified: true, oid: 'ada-2', tid: tenant, xms_edov: true }
  const [github, gitea] = await Promise.all([
    startGithubPeer({ people: plain, redirectUri: callbackOf('github') }),
    startGiteaPeer({ people: plain, redirectUri: callbackOf('gitea') }),
  ])
  const openid = (shape: 'gitlab' | 'microsoft' | 'oidc') =>
    startOidcPeer({ shape, tenant, people: [{ login, claims }], redirectUri: callbackOf(shape) })
  const [gitlab, microsoft, oidc] = await Promise.all([openid('gitlab'), openid('microsoft'), openid('oidc')])
  const answer = { subject: 'E-1', email, emailVerified: true }
  const people = [{ email: 'ada', password: 'correct horse', answer }]
  const httpApi = await startHttpApiPeer({ people, auth: 'hmac', secret, now: Date.now })
  peers.push(github, gitea, gitlab, microsoft, oidc, httpApi)
  const of = ({ url, clientId, clientSecret }: typeof github) => ({ url, clientId, clientSecret })
  return {
    providers: ['http_api', ...redirecting],
    github: of(github),
    gitea: of(gitea),
    gitlab: of(gitlab),
    microsoft: { ...of(microsoft), tenant },
    oidc: { issuer: oidc.issuer, clientId: oidc.clientId, clientSecret: oidc.clientSecret },
    httpApi: { url: `${httpApi.url}/sign-in`, auth: 'hmac', secret },
  }
}

async function startScene(databases: TestDatabases) {
  const store = await databases.newStore()
  const providers = providersOf(await startPeers())
  const clock = stoppedClock()
  const said: string[] = []
  const emit: Emit = <Name extends SignalName>(signal: Name, fields: SignalFields<Name>) => {
    const { provider, outcome } = fields as Readonly<Record<string, unknown>>
    said.push(`${signal} ${String(provider)} ${String(outcome)}`)
  }
  const { sessions, said: sessionsSaid } = replica(store, clock)
  const signIn = createSignIn({
    passwordProviders: providers.password,
    resolveAccount: createResolveAccount(
      { linkByEmail: true, signUpWorkspace: 'default', signUpDomains: ['example.com'] },
      { accounts: store.linkedAccounts, clock, random: systemRandom },
    ),
    sessions,
    budget: null,
    addressGroup: (address) => address,
    clock,
    emit,
  })
  const box = createSealedBox('a secret of the store, 32 characters', systemRandom)
  const redirects = createSignInRedirects(
    { publicUrl: new URL('http://127.0.0.1:8787') },
    { box, clock, random: systemRandom },
  )
  return { store, providers, signIn, redirects, said, sessionsSaid }
}

type Scene = Awaited<ReturnType<typeof startScene>>

const attempt = {
  browser: firefox,
  sender: { auth_mode: 'none', client: 'absent', llm_family: 'unknown' },
  remember: false,
  replaces: null,
} as const

/** What the pages do: cookie out, browser away and back, cookie in. */
async function byRedirect({ providers, signIn, redirects }: Scene, name: string, login = 'ada') {
  const provider = redirectNamed(providers, name)
  const { pending, setCookie } = redirects.begin(provider.name, { next: '/account', remember: false }, null)
  const page = await provider.begin(pending)
  const back = await openPeerBrowser().signIn(page, login, pending.redirectUri)
  const cookie = /^[^=]+=([^;]+)/.exec(setCookie)?.[1] ?? null
  const { result } = redirects.finish(name, back, cookie)
  if ('refused' in result) throw new Error(result.refused)
  return signIn.byRedirect(provider, back, result.pending, attempt)
}

function redirectNamed({ redirect }: SignInProviders, name: string) {
  const found = redirect.find((provider) => provider.name === name)
  if (found === undefined) throw new Error(`${name} is not configured`)
  return found
}

function byPassword(signIn: SignIn) {
  return signIn.byPassword('ada', new Secret('correct horse'), attempt)
}

async function providersOfSessions(store: Store, userId: string) {
  return (await store.loginSessions.list(userId, Date.now())).map(({ provider }) => provider)
}

onSqlite((databases) => {
  it('T29: one person, six providers: one account, and each session has the provider that answered', async () => {
    const scene = await startScene(databases)
    const { store, signIn, said, sessionsSaid } = scene
    expect(await byRedirect(scene, 'oidc')).toMatchObject({ outcome: 'signed_in' })
    for (const name of redirecting.filter((other) => other !== 'oidc'))
      expect(await byRedirect(scene, name), name).toMatchObject({ outcome: 'signed_in' })
    expect(await byPassword(signIn)).toMatchObject({ outcome: 'signed_in' })

    const people = await store.users.list()
    expect(people).toMatchObject([{ user: { email, authSource: 'oidc' } }])
    const order = ['oidc', 'github', 'gitea', 'gitlab', 'microsoft', 'http_api']
    expect(said).toStrictEqual(order.map((name) => `login ${name} success`))
    expect(sessionsSaid).toStrictEqual(order.map((name) => `started ${name}`))
    const sessions = await providersOfSessions(store, people[0]?.user.id ?? '')
    expect(sessions.toSorted()).toStrictEqual(order.toSorted())
    expect(await store.audit.list({ action: 'user.linked', limit: 9 })).toHaveLength(6)
  })

  it.each(redirecting)('a no at %s is a failed login there, and starts nothing', async (name) => {
    const scene = await startScene(databases)
    expect(await byRedirect(scene, name, 'nobody')).toStrictEqual({
      outcome: 'wrong',
      detail: 'it answered access_denied',
    })
    expect(scene.said).toStrictEqual([`login ${name} failure`])
    expect(scene.sessionsSaid).toStrictEqual([])
  })

  it('a provider that is away is no failed login', async () => {
    const scene = await startScene(databases)
    for (const peer of peers) peer.faults.set('/sign-in', { kind: 'status', status: 500 })
    expect(await byPassword(scene.signIn)).toStrictEqual({
      outcome: 'unavailable',
      detail: 'The sign-in endpoint answered 500',
    })
    expect(scene.said).toStrictEqual([])
  })
})
