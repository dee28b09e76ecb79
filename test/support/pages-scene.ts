import { once } from 'node:events'
import { createServer } from 'node:http'
import { createChallenge } from '../../src/gateway/challenge.ts'
import { createCors } from '../../src/gateway/cors.ts'
import { createGuard } from '../../src/gateway/guard.ts'
import { createResolveAccount } from '../../src/identity/linked-account.ts'
import { createLocalProvider } from '../../src/identity/local-provider.ts'
import type { LoginSessions } from '../../src/identity/login-session.ts'
import { createLoginSessions } from '../../src/identity/login-sessions.ts'
import { createOwnPassword } from '../../src/identity/own-password.ts'
import { createPasswordHashing } from '../../src/identity/password-hashing.ts'
import { setPassword } from '../../src/identity/set-password.ts'
import { createSignInBudget } from '../../src/identity/sign-in-budget.ts'
import type { RedirectProvider } from '../../src/identity/sign-in-provider.ts'
import { createSignInRedirects } from '../../src/identity/sign-in-redirect.ts'
import { createSignIn } from '../../src/identity/sign-in.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { requestIds } from '../../src/lib/request-id.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { Secret } from '../../src/lib/secret.ts'
import { LocalLimiter } from '../../src/limits/local-limiter.ts'
import type { Consents } from '../../src/oauth/consent.ts'
import type { ShownUpstream } from '../../src/pages/key-facts.ts'
import { createLibraryPages } from '../../src/pages/device-pages.ts'
import { createPages } from '../../src/pages/pages.ts'
import { createRefusalPages } from '../../src/pages/refusal-page.ts'
import { createSite } from '../../src/pages/site.ts'
import { createListener } from '../../src/server/listener.ts'
import type { Route } from '../../src/server/route-table.ts'
import { createUnknownPath } from '../../src/server/route-table.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { createMetricSink } from '../../src/telemetry/metric-sink.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { NameRegistry } from '../../src/telemetry/name-registry.ts'
import { createEmit } from '../../src/telemetry/telemetry.ts'
import { operator } from './gateway.ts'
import { stoppedClock } from './stopped-clock.ts'
import type { StoppedClock } from './stopped-clock.ts'
import { waitingAuthorizations } from './waiting-authorization.ts'

export const password = 'a horse and a staple'

export interface PagesSceneOptions {
  readonly upstreams?: readonly ShownUpstream[]
  readonly redirectProviders?: readonly RedirectProvider[]
  readonly takesPasswords?: boolean
  /** Account actions of one user in a minute. */
  readonly accountPerMinute?: number
  /** Path of the public URL, such as `/below`. */
  readonly base?: string
  readonly clock?: StoppedClock
  /** Where the store is; in memory when absent. */
  readonly location?: string
}

/** The pages over HTTP, with everything real behind them but the authorization server. */
export interface PagesScene {
  /** Without a trailing slash; with the base. */
  readonly url: string
  readonly store: Store
  readonly loginSessions: LoginSessions
  readonly clock: StoppedClock
  readonly authorizations: ReturnType<typeof waitingAuthorizations>
  readonly logged: readonly string[]
  /** A user who can sign in with `password`; answers the id. */
  addUser(word: string, workspaces?: readonly string[]): Promise<string>
  /** Gives a user `password` for one time. */
  giveOneTime(word: string): Promise<void>
  /** The value of one series. */
  series(name: string): number
  close(): Promise<void>
}

const sampleUpstreams: readonly ShownUpstream[] = [
  { name: 'code', isDefault: true, workspaces: [], scopes: ['code:read', 'code:write'], accept: ['api_key'] },
  { name: 'notes', isDefault: false, workspaces: ['design'], scopes: ['notes'], accept: ['api_key'] },
]

/** Boots it on a free loopback port. */
export async function startPages(options: PagesSceneOptions = {}): Promise<PagesScene> {
  const { upstreams = sampleUpstreams, redirectProviders = [], takesPasswords = true, base = '' } = options
  const clock = options.clock ?? stoppedClock()
  const store = openStore(options.location ?? 'sqlite::memory:', { clock, random: systemRandom })
  await store.migrate()
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const publicUrl = new URL(`http://127.0.0.1:${port}${base}`)

  const names = new NameRegistry()
  const metrics = new Metrics(names)
  const emit = createEmit(names, createMetricSink(metrics), [])
  const logged: string[] = []
  const log = createLog('debug', clock, (line) => logged.push(line))
  const limiter = new LocalLimiter({ clock })
  const hour = 3_600_000
  const loginSessions = createLoginSessions(
    {
      policy: {
        plain: { idleMs: 2 * hour, maxMs: 24 * hour },
        remembered: { idleMs: 14 * 24 * hour, maxMs: 30 * 24 * hour },
      },
      fingerprintKey: new Uint8Array(32).fill(1),
      keepEndedMs: hour,
    },
    { store: store.loginSessions, clock, random: systemRandom, emit },
  )
  // Cheap hashes: what they cost is looked at where passwords are.
  const hashing = createPasswordHashing(
    { memoryCost: 64, timeCost: 1, parallelism: 1 },
    { random: systemRandom },
  )
  const addressGroup = (text: string) => text
  const local = createLocalProvider(
    { issuer: publicUrl.href },
    { passwords: store.passwords, hashing, addressGroup },
  )
  const budget = createSignInBudget({ perMinute: 5, perHour: 50 }, limiter)
  const own = {
    passwords: store.passwords,
    hashing,
    sessions: loginSessions,
    budget,
    addressGroup,
    clock,
    emit,
  }
  const signIn = createSignIn({
    passwordProviders: takesPasswords ? [local] : [],
    resolveAccount: createResolveAccount(
      { linkByEmail: false, signUpWorkspace: null, signUpDomains: [] },
      { accounts: store.linkedAccounts, clock, random: systemRandom },
    ),
    sessions: loginSessions,
    budget,
    addressGroup,
    clock,
    emit,
  })
  const authorizations = waitingAuthorizations()
  const consents: Consents = {
    list: (userId) => store.consents.list(userId),
    revoke: async (id, actor, userId) =>
      (await store.consents.revoke(id, clock.now(), actor, userId)) !== undefined,
    revokeAll: async (userId, actor) => (await store.consents.revokeAll(userId, clock.now(), actor)).length,
  }
  const box = createSealedBox('only for tests', systemRandom)
  const routes = new Map<string, Route>()
  for (const page of createPages(
    {
      publicUrl,
      formKey: new Uint8Array(32).fill(2),
      takesPasswords,
      keys: { maxPerUser: 5, defaultExpiryDays: 90, graceHours: 24 },
      upstreams,
    },
    {
      loginSessions,
      signIn,
      redirects: createSignInRedirects({ publicUrl }, { box, clock, random: systemRandom }),
      redirectProviders,
      interactions: authorizations.interactions,
      consents,
      apiKeys: store.apiKeys,
      linkedAccounts: store.linkedAccounts,
      ownPassword: takesPasswords ? createOwnPassword(own) : null,
      box,
      limits: {
        limiter,
        account: { name: 'account', quota: options.accountPerMinute ?? 1000, windowSeconds: 60 },
      },
      clock,
      random: systemRandom,
      log,
      emit,
    },
  )) {
    const variable = page.path.endsWith('}')
    const { methods, answer } = page
    const route: Route = {
      template: names.register('route', page.template),
      surface: 'pages',
      methods,
      answer,
      ...(variable ? { isVariable: true } : {}),
    }
    routes.set(`${base}${variable ? page.path.replace(/\{\w+\}$/, '{}') : page.path}`, route)
  }
  for (const [path, document] of shownByTheLibrary(publicUrl)) {
    const answer: Route['answer'] = ({ response }) => {
      response.writeHead(200, ['Content-Type', 'text/html; charset=utf-8', ...document.fields])
      response.end(document.body)
      return null
    }
    const template = names.register('route', '/device')
    routes.set(`${base}${path}`, { template, surface: 'pages', methods: ['GET'], answer })
  }
  server.on(
    'request',
    createListener({
      guard: createGuard({
        publicUrl,
        allowedHosts: [],
        allowedOrigins: ['https://friend.example'],
        loopback: true,
      }),
      cors: createCors([]),
      isTrustedProxy: () => false,
      routes,
      unknownRoute: names.register('route', 'unknown'),
      unknownPath: createUnknownPath(base),
      challenge: createChallenge({ publicUrl }),
      oauthConfigured: true,
      emit,
      log,
      clock,
      newRequestId: requestIds(systemRandom),
      ended: { add() {} },
      load: { running: 0 },
      refusalPage: createRefusalPages(publicUrl),
    }),
  )

  const givePassword = async (word: string, oneTime: boolean) => {
    const who = { userId: `usr_${word}`, email: `${word}@example.com`, keepSessionId: null }
    const request = { ...who, password: new Secret(password), oneTime }
    const set = await setPassword(request, operator, { passwords: store.passwords, hashing, clock })
    if (set.outcome !== 'set') throw new Error(set.outcome)
  }

  return {
    url: publicUrl.href.replace(/\/$/, ''),
    store,
    loginSessions,
    clock,
    authorizations,
    logged,
    async addUser(word, workspaces = ['default']) {
      const [id, email] = [`usr_${word}`, `${word}@example.com`]
      for (const workspace of workspaces)
        await store.users.add({ id, email, workspace, role: 'user', at: clock.now() }, operator)
      await givePassword(word, false)
      return id
    },
    giveOneTime: (word) => givePassword(word, true),
    series(name) {
      const line = metrics
        .render()
        .split('\n')
        .find((one) => one.startsWith(`${name} `))
      return Number(line?.slice(name.length + 1) ?? 0)
    },
    async close() {
      server.close()
      server.closeAllConnections()
      await store.close()
    },
  }
}

/** The pages that the authorization server shows, as it would. */
function shownByTheLibrary(publicUrl: URL) {
  const pages = createLibraryPages(createSite(publicUrl))
  const form = { action: `${publicUrl.pathname.replace(/\/$/, '')}/device`, hidden: [['xsrf', 'x']] } as const
  const error = {
    code: 'redirect_mismatch',
    message: 'The redirect URI is not registered.',
    requestId: 'req_1',
  }
  const bodies: readonly (readonly [string, string])[] = [
    ['/device', pages.deviceCode(form, null)],
    ['/device/not-found', pages.deviceCode(form, 'not_found')],
    ['/device/confirm', pages.deviceConfirm(form, { name: 'Deploy tool' }, 'WDJB-MJHT')],
    ['/device/allowed', pages.deviceDone('allowed')],
    ['/device/denied', pages.deviceDone('denied')],
    ['/device/error', pages.error(error)],
  ]
  return bodies.map(([path, body]) => [path, { body, fields: pages.fields }] as const)
}
