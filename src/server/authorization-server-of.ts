import type { IncomingMessage } from 'node:http'
import type { GlobalSettings } from '../config/options.ts'
import type { LoginSessions } from '../identity/login-session.ts'
import { sessionCookie } from '../identity/session-cookie.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import { createClientDocuments } from '../oauth/client-documents.ts'
import { createDocumentReader } from '../oauth/client-document.ts'
import { sweepUnusedClients } from '../oauth/client-sweep.ts'
import { createClientDirectory } from '../oauth/clients-directory.ts'
import type { Consents } from '../oauth/consent.ts'
import { createConsents } from '../oauth/consents.ts'
import { asFetch, createGuardedFetch } from '../oauth/guarded-fetch.ts'
import type { Reach } from '../oauth/guarded-fetch.ts'
import { createAuthorizationServer } from '../oauth/provider.ts'
import type { AuthorizationServer } from '../oauth/provider.ts'
import { requestState } from '../oauth/request-state.ts'
import type { Resources } from '../oauth/resources.ts'
import { createLibraryPages } from '../pages/device-pages.ts'
import { createSite } from '../pages/site.ts'
import { browserOf } from '../pages/visitor.ts'
import type { Store } from '../storage/open-store.ts'
import type { Log } from '../telemetry/log.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { AccessTokenSigning } from '../tokens/access-token-signing.ts'
import { baseOf } from '../tokens/resource.ts'
import { createAccessTokenVerifier } from '../tokens/verify-access-token.ts'
import type { Arrivals } from './arrivals.ts'
import { derivedKey } from './derived-key.ts'
import { createUsageWriter } from './usage-writer.ts'

export interface AuthorizationServerOptions {
  readonly settings: GlobalSettings
  readonly publicUrl: URL
  readonly secretsKey: string
  /** What a URL in a client's metadata may reach. */
  readonly reach: Reach
}

export interface AuthorizationServerDependencies {
  readonly store: Store
  readonly sessions: LoginSessions
  readonly signing: AccessTokenSigning
  readonly resources: Resources
  readonly arrivals: Arrivals
  readonly box: SealedBox
  readonly clock: Clock
  readonly random: RandomSource
  readonly emit: Emit
  readonly log: Log
}

/** The authorization server with all it stands on. */
export interface Authorizing {
  readonly server: AuthorizationServer
  readonly consents: Consents
  /** Forgets clients that registered themselves and were never used. */
  sweepClients(): Promise<void>
  close(): Promise<void>
}

export function authorizationServerOf(
  { settings, publicUrl, secretsKey, reach }: AuthorizationServerOptions,
  parts: AuthorizationServerDependencies,
): Authorizing {
  const { store, sessions, signing, arrivals, clock, emit, log } = parts
  const issuer = baseOf(publicUrl)
  const guarded = createGuardedFetch(reach)
  const approvalRequired = settings['auth.registration.approval'] === 'required'
  const hosts = settings['auth.registration.metadataHosts']
  const metadataDocuments = settings['auth.registration.metadataDocuments']
  const read = createDocumentReader({ hosts }, { fetch: guarded, clock })
  const mayRegister = () => arrivals.limit('register', requestState().request) === null
  const documents = metadataDocuments
    ? createClientDocuments(
        { approvalRequired, hosts },
        { store: store.clients, read, clock, emit, mayAdd: mayRegister },
      )
    : null
  const use = createUsageWriter(1000, { write: (uses) => store.clients.recordUse(uses), emit, log })
  const cookie = sessionCookie(publicUrl)
  const findSignedIn = async (request: IncomingMessage) => {
    const value = cookie.read(request.headers.cookie)
    const received = arrivals.of(request)
    return value === null || received === undefined ? null : sessions.find(value, browserOf(received))
  }
  const server = createAuthorizationServer(
    {
      publicUrl,
      issuer,
      accessSeconds: settings['auth.tokens.accessSeconds'],
      refreshDays: settings['auth.tokens.refreshDays'],
      refreshGraceSeconds: settings['auth.tokens.refreshGraceSeconds'],
      deviceCodeMinutes: settings['auth.tokens.deviceCodeMinutes'],
      registration: { dynamic: settings['auth.registration.dynamic'], metadataDocuments },
      formKey: derivedKey(secretsKey, 'device form'),
    },
    {
      ...parts,
      artifacts: store.artifacts,
      consents: store.consents,
      accessTokens: store.accessTokens,
      clients: createClientDirectory(
        { approvalRequired },
        { store: store.clients, documents, clock, emit, noteUse: use.note },
      ),
      accounts: {
        async find(userId) {
          const found = await store.users.find(userId)
          return found === undefined || found.user.disabledAt !== null ? undefined : found.user
        },
      },
      verify: createAccessTokenVerifier({ publicUrl, issuer }, { keys: signing, clock, emit }),
      pages: createLibraryPages(createSite(publicUrl)),
      findSignedIn,
      fetch: asFetch(guarded),
      limit: arrivals.limit,
      onRefused: arrivals.refused,
    },
  )
  return {
    server,
    consents: createConsents({ store: store.consents, clock, emit }),
    async sweepClients() {
      const unusedDays = settings['auth.registration.unusedDays']
      await sweepUnusedClients({ unusedDays }, store.clients, clock.now())
    },
    close: () => use.close(),
  }
}
