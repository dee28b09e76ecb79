import type { IncomingMessage } from 'node:http'
import type { Adapter } from 'oidc-provider'
import { createLoginSessions } from '../../src/identity/login-sessions.ts'
import type { LoginSessions } from '../../src/identity/login-session.ts'
import type { KeyLifecycleDependencies } from '../../src/identity/key-lifecycle.ts'
import type { Clock } from '../../src/lib/clock.ts'
import type { RandomSource } from '../../src/lib/random.ts'
import { createSealedBox } from '../../src/lib/sealed-box.ts'
import { Artifacts } from '../../src/oauth/artifacts.ts'
import type { ClientDirectory } from '../../src/oauth/client-directory.ts'
import { createClientDocuments } from '../../src/oauth/client-documents.ts'
import type { Clients } from '../../src/oauth/client.ts'
import { createClients } from '../../src/oauth/clients.ts'
import { createClientDirectory } from '../../src/oauth/clients-directory.ts'
import type { Consents } from '../../src/oauth/consent.ts'
import { createConsents } from '../../src/oauth/consents.ts'
import { createLibraryAdapter } from '../../src/oauth/library-adapter.ts'
import { newRequestState, runRequest } from '../../src/oauth/request-state.ts'
import type { OauthEndpoint } from '../../src/oauth/request-state.ts'
import { sweepArtifacts } from '../../src/oauth/sweep.ts'
import { createGaugeRefresh } from '../../src/server/gauges.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { storeOver } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createMetricSink } from '../../src/telemetry/metric-sink.ts'
import { Metrics } from '../../src/telemetry/metrics.ts'
import { NameRegistry } from '../../src/telemetry/name-registry.ts'
import { createEmit } from '../../src/telemetry/telemetry.ts'
import type { Emit } from '../../src/telemetry/telemetry.ts'
import { withFaults } from './faults.ts'
import type { Faults } from './faults.ts'
import { fingerprintKey, keepEndedMs, policy } from './login-rules.ts'

/** One replica, as the product makes it: its own connection, its own numbers. */
export interface Server {
  readonly clock: Clock
  readonly store: Store
  readonly faults: Faults
  readonly metrics: Metrics
  readonly emit: Emit
  /** How often a client was said to be registered, by status and origin: no counter tells it. */
  readonly registered: ReadonlyMap<string, number>
  readonly sessions: LoginSessions
  readonly consents: Consents
  readonly clients: Clients
  readonly directory: ClientDirectory
  /** A client by the URL of its document, which is read when it is not known. */
  findDocument(url: string): Promise<unknown>
  /** The library's way to its device codes, within a request to one of its endpoints. */
  onCodes<Result>(endpoint: OauthEndpoint, work: (codes: Adapter) => Promise<Result>): Promise<Result>
  readonly keys: KeyLifecycleDependencies
  sweepArtifacts(): Promise<unknown>
  refreshGauges(): Promise<void>
  close(): Promise<void>
}

export function startServer(location: string, clock: Clock, random: RandomSource): Server {
  const { database, faults, over } = withFaults(openDatabase(location))
  const store = over(storeOver(database, { clock, random }))
  const names = new NameRegistry()
  const metrics = new Metrics(names)
  const registered = new Map<string, number>()
  const take: Emit = (signal, fields) => {
    if (signal !== 'client_registered') return
    const { status, origin } = fields as { readonly status: string; readonly origin: string }
    const key = `${status} ${origin}`
    registered.set(key, (registered.get(key) ?? 0) + 1)
  }
  const emit = createEmit(names, createMetricSink(metrics), [{ take, takes: new Set(['client_registered']) }])
  const parts = { clock, random, emit }
  const { consents, accessTokens } = store
  const artifacts = new Artifacts({ store: store.artifacts, box: createSealedBox('drift', random), clock })
  const approval = { approvalRequired: true }
  const documents = createClientDocuments(
    { ...approval, hosts: [] },
    {
      ...parts,
      store: store.clients,
      read: async () => ({ outcome: 'read', metadata, freshUntil: clock.now() + 60_000 }),
    },
  )
  const directory = createClientDirectory(approval, {
    ...parts,
    store: store.clients,
    documents,
    noteUse: () => {},
  })
  const adapter = createLibraryAdapter({
    ...parts,
    artifacts,
    accessTokens,
    graceMs: 30_000,
    clients: directory,
    consents,
    formKey: new Uint8Array(32),
  })
  return {
    clock,
    store,
    faults,
    metrics,
    emit,
    registered,
    directory,
    sessions: createLoginSessions(
      { policy, fingerprintKey, keepEndedMs },
      { ...parts, store: store.loginSessions },
    ),
    consents: createConsents({ ...parts, store: consents }),
    clients: createClients(approval, { ...parts, store: store.clients }),
    findDocument: (url) => documents.find(url),
    onCodes(endpoint, work) {
      const state = {
        request: {} as IncomingMessage,
        requestId: '',
        endpoint,
        signedIn: null,
        presented: null,
      }
      return runRequest(newRequestState(state), () => work(adapter('DeviceCode')))
    },
    keys: { ...parts, apiKeys: store.apiKeys },
    sweepArtifacts: () => sweepArtifacts({ ...parts, artifacts: store.artifacts, accessTokens, consents }),
    refreshGauges: createGaugeRefresh({ ...parts, store, metrics, names }),
    close: () => store.close(),
  }
}

export const metadata = {
  redirect_uris: ['https://app.example.com/callback'],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
  application_type: 'web',
} as const
