import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Actor } from '../../src/identity/api-key-store.ts'
import type { SignedIn } from '../../src/identity/login-session.ts'
import { createLoginSessions } from '../../src/identity/login-sessions.ts'
import { sessionCookie } from '../../src/identity/session-cookie.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { createDocumentReader } from '../../src/oauth/client-document.ts'
import { createClientDocuments } from '../../src/oauth/client-documents.ts'
import { createClientDirectory } from '../../src/oauth/clients-directory.ts'
import { createClients } from '../../src/oauth/clients.ts'
import { createConsents } from '../../src/oauth/consents.ts'
import type { GuardedFetch } from '../../src/oauth/guarded-fetch.ts'
import type { LibraryPages } from '../../src/oauth/interaction.ts'
import { createAuthorizationServer } from '../../src/oauth/provider.ts'
import type { AuthorizationServer } from '../../src/oauth/provider.ts'
import type { Resource } from '../../src/oauth/resources.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import type { Emit } from '../../src/telemetry/telemetry.ts'
import type { LimitedEndpoint } from '../../src/telemetry/vocabulary.ts'
import { AccessTokenSigning } from '../../src/tokens/access-token-signing.ts'
import { createAccessTokenVerifier } from '../../src/tokens/verify-access-token.ts'
import { createBrowser } from './browser.ts'
import type { TestBrowser } from './browser.ts'

export const operator: Actor = { kind: 'admin', id: null }

export interface SceneOptions {
  /** Path of publicUrl. */
  readonly base?: string
  /** What publicUrl says of itself, where that is not where we listen: as behind a proxy. */
  readonly publicOrigin?: string
  readonly resources?: (base: string) => readonly Resource[]
  readonly store?: Store
  readonly dynamic?: boolean
  readonly approvalRequired?: boolean
  readonly rotateAfterMs?: number
}

/** A fact that was told: its name and fields. */
export type Told = readonly [name: string, fields: Readonly<Record<string, unknown>>]

/** The authorization server on a free port, of real parts but for the pages, whose place a browser of ours takes. */
export interface Scene {
  readonly issuer: string
  readonly publicUrl: URL
  /** Where it really listens. */
  readonly origin: string
  readonly clock: Clock & { advance(milliseconds: number): void }
  readonly store: Store
  readonly server: AuthorizationServer
  readonly signing: AccessTokenSigning
  readonly clients: ReturnType<typeof createClients>
  readonly consents: ReturnType<typeof createConsents>
  /** Metadata documents that the internet has, by their URL. */
  readonly documents: Map<string, object>
  readonly told: Told[]
  readonly refused: string[]
  readonly logged: string[]
  /** Endpoints whose budget is used up. */
  readonly exhausted: Set<LimitedEndpoint>
  /** How often a signal was told, with these fields among its own. */
  count(name: string, fields?: Readonly<Record<string, unknown>>): number
  addUser(letter: string, workspace?: string): Promise<string>
  signIn(userId: string): Promise<{ readonly cookie: string; readonly sessionId: string }>
  endSession(sessionId: string): Promise<void>
  browser(): TestBrowser
  close(): Promise<void>
}

const day = 86_400_000

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const store = options.store ?? openStore('sqlite::memory:', { clock: movingClock(), random: systemRandom })
  await store.migrate()
  const clock = movingClock()
  const random = systemRandom
  const [told, refused, logged]: [Told[], string[], string[]] = [[], [], []]
  const emit: Emit = (name, fields) => void told.push([name, fields])
  const log = createLog('debug', clock, (line) => logged.push(line))
  const exhausted = new Set<LimitedEndpoint>()

  let answer: (request: IncomingMessage, response: ServerResponse) => Promise<void> = async () => {}
  const http = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const base = options.base ?? ''
  const issuer = `${options.publicOrigin ?? origin}${base}`
  const publicUrl = new URL(issuer)

  const box = createSealedBox('only-for-tests-0123456789abcdef-0123456789', random)
  const rotateAfterMs = options.rotateAfterMs ?? 90 * day
  const signing = await AccessTokenSigning.open(
    { rotateAfterMs, longestLifeMs: 3_600_000 },
    { store: store.signingKeys, box, clock },
  )
  const sessions = createLoginSessions(
    {
      policy: {
        plain: { idleMs: 365 * day, maxMs: 365 * day },
        remembered: { idleMs: 365 * day, maxMs: 365 * day },
      },
      fingerprintKey: new Uint8Array(32),
      keepEndedMs: day,
    },
    { store: store.loginSessions, clock, random, emit },
  )
  const cookie = sessionCookie(publicUrl)
  const browserOf = () => ({ address: '127.0.0.1', userAgent: 'test' })
  const findSignedIn = async (request: IncomingMessage): Promise<SignedIn | null> => {
    const value = cookie.read(request.headers.cookie)
    return value === null ? null : sessions.find(value, browserOf())
  }
  const documents = new Map<string, object>()
  const internet: GuardedFetch = async (url) => {
    const found = documents.get(url)
    if (found === undefined) return { outcome: 'failed', problem: 'unreachable' }
    return { outcome: 'answered', status: 200, header: () => null, text: JSON.stringify(found) }
  }
  const approvalRequired = options.approvalRequired ?? false
  const known = { store: store.clients, clock, emit }
  const directory = createClientDirectory(
    { approvalRequired },
    {
      ...known,
      documents: createClientDocuments(
        { approvalRequired, hosts: [] },
        { ...known, read: createDocumentReader({ hosts: [] }, { fetch: internet, clock }) },
      ),
      noteUse: () => {},
    },
  )
  const listed = (options.resources ?? oneUpstream)(issuer)
  const server = createAuthorizationServer(
    {
      publicUrl,
      issuer,
      accessSeconds: 600,
      refreshDays: 30,
      refreshGraceSeconds: 30,
      deviceCodeMinutes: 10,
      registration: { dynamic: options.dynamic ?? true, metadataDocuments: true },
      formKey: new Uint8Array(32),
    },
    {
      artifacts: store.artifacts,
      consents: store.consents,
      accessTokens: store.accessTokens,
      clients: directory,
      accounts: {
        async find(userId) {
          const found = await store.users.find(userId)
          return found === undefined || found.user.disabledAt !== null ? undefined : found.user
        },
      },
      resources: { list: () => listed },
      signing,
      verify: createAccessTokenVerifier({ publicUrl, issuer }, { keys: signing, clock, emit }),
      pages: plainPages,
      findSignedIn,
      fetch: async () => {
        throw new Error('nothing is fetched here')
      },
      limit: (endpoint) => (exhausted.has(endpoint) ? 7 : null),
      box,
      clock,
      random,
      emit,
      log,
      onRefused: (_, reason) => void refused.push(reason),
    },
  )

  answer = async (request, response) => {
    const [path = ''] = (request.url ?? '').split('?')
    if (path === `${base}/login`) return page(response, 'sign in')
    if (path.startsWith(`${base}/consent/`)) {
      return consentPage(server, request, response, await findSignedIn(request), base)
    }
    await server.handle(request, response, { requestId: 'req_test', fields: ['X-Request-Id', 'req_test'] })
  }

  const scene: Scene = {
    issuer,
    publicUrl,
    origin,
    clock,
    store,
    server,
    signing,
    clients: createClients({ approvalRequired: false }, { store: store.clients, clock, random, emit }),
    consents: createConsents({ store: store.consents, clock, emit }),
    documents,
    told,
    refused,
    logged,
    exhausted,
    count: (name, fields = {}) =>
      told.filter(
        ([known, has]) =>
          known === name && Object.entries(fields).every(([key, value]) => has[key] === value),
      ).length,
    async addUser(letter, workspace = 'default') {
      const row = { id: `usr_${letter}`, email: `${letter}@example.com`, workspace, role: 'user' } as const
      return (await store.users.add({ ...row, at: clock.now() }, operator)).user.id
    },
    async signIn(userId) {
      const started = await sessions.start({ userId, provider: 'local' }, browserOf(), {
        remember: false,
        replaces: null,
      })
      if (started.outcome !== 'started') throw new Error(started.outcome)
      return { cookie: `${cookie.name}=${started.cookieValue}`, sessionId: started.session.id }
    },
    async endSession(sessionId) {
      await sessions.end(sessionId, 'revoked_by_user', operator)
    },
    browser: () => createBrowser(scene),
    async close() {
      http.closeAllConnections()
      await new Promise((resolve) => http.close(resolve))
      if (options.store === undefined) await store.close()
    },
  }
  return scene
}

function movingClock(): Clock & { advance(milliseconds: number): void } {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    advance(milliseconds) {
      ahead += milliseconds
    },
  }
}

function oneUpstream(base: string): readonly Resource[] {
  const upstream = { upstreams: ['code'], scopes: ['code:read', 'code:write'], workspaces: [] }
  return [
    { ...upstream, resource: `${base}/mcp/code`, isDefault: false },
    { ...upstream, resource: `${base}/mcp`, isDefault: true },
  ]
}

const plainPages: LibraryPages = {
  fields: ['Content-Security-Policy', "default-src 'none'"],
  deviceCode: (form, error) => JSON.stringify({ page: 'deviceCode', form, error }),
  deviceConfirm: (form, client, userCode) =>
    JSON.stringify({ page: 'deviceConfirm', form, client, userCode }),
  deviceDone: (outcome) => JSON.stringify({ page: 'deviceDone', outcome }),
  error: (error) => JSON.stringify({ page: 'error', ...error }),
}

/** The consent page: says what it was told as JSON, and sends on what the browser answers. */
async function consentPage(
  { interactions }: AuthorizationServer,
  request: IncomingMessage,
  response: ServerResponse,
  signedIn: SignedIn | null,
  base: string,
): Promise<void> {
  if (request.method === 'POST') {
    let text = ''
    for await (const chunk of request) text += String(chunk)
    const form = new URLSearchParams(text)
    if (form.has('deny') || signedIn === null) return interactions.deny(request, response)
    return interactions.allow(request, response, signedIn, { workspace: form.get('workspace') ?? '' })
  }
  const pending = await interactions.find(request, response, signedIn)
  if (pending === null) return page(response, 'over', 404)
  if (pending.waitsFor === 'login') {
    const insists = (request.url ?? '').endsWith('?insist')
    if (signedIn !== null && (pending.again !== true || insists)) {
      return interactions.signedIn(request, response, signedIn)
    }
    const next = encodeURIComponent(request.url ?? '')
    response.writeHead(303, { Location: `${base}/login?next=${next}` })
    response.end()
    return
  }
  page(response, JSON.stringify(pending))
}

function page(response: ServerResponse, text: string, status = 200): void {
  response.writeHead(status, { 'Content-Type': 'text/plain' })
  response.end(text)
}
