import type { McpSessionStore } from '../gateway/mcp-session-store.ts'
import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { LinkedAccountStore } from '../identity/linked-account-store.ts'
import type { LoginSessionStore } from '../identity/login-session-store.ts'
import type { PasswordStore } from '../identity/password-store.ts'
import type { UserStore } from '../identity/user-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { ArtifactStore } from '../oauth/artifact-store.ts'
import type { ClientStore } from '../oauth/client-store.ts'
import type { ConsentStore } from '../oauth/consent-store.ts'
import type { AuditStore } from '../telemetry/audit-store.ts'
import type { AccessTokenStore } from '../tokens/access-token-store.ts'
import type { SigningKeyStore } from '../tokens/signing-key-store.ts'
import { accessTokenStore, tokenForCall } from './access-tokens.ts'
import { apiKeyStore, keyForCall } from './api-keys.ts'
import { auditStore } from './audit.ts'
import { clientStore } from './clients.ts'
import { consentStore } from './consents.ts'
import { openDatabase } from './database.ts'
import type { Database } from './database.ts'
import { linkedAccountStore } from './linked-accounts.ts'
import { loginSessionStore } from './login-sessions.ts'
import { mcpSessionStore } from './mcp-sessions.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import { passwordStore } from './passwords.ts'
import { artifactStore } from './oauth-artifacts.ts'
import { signingKeyStore } from './signing-keys.ts'
import { userStore } from './users.ts'

/** Everything the product keeps. Each method may fail with a `Failure` whose code is a `StoreCode`. */
export interface Store {
  readonly kind: 'sqlite' | 'postgres'
  readonly apiKeys: ApiKeyStore
  readonly users: UserStore
  readonly linkedAccounts: LinkedAccountStore
  readonly passwords: PasswordStore
  readonly loginSessions: LoginSessionStore
  readonly accessTokens: AccessTokenStore
  readonly clients: ClientStore
  readonly consents: ConsentStore
  readonly artifacts: ArtifactStore
  readonly signingKeys: SigningKeyStore
  readonly mcpSessions: McpSessionStore
  readonly audit: AuditStore
  /** Brings the database to this version; answers the names of the migrations applied. */
  migrate(): Promise<readonly string[]>
  /** Names of the migrations not applied yet; throws `store_newer` when a newer version has been here. */
  pendingMigrations(): Promise<readonly string[]>
  /** Throws when the database does not answer. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface StoreDependencies {
  readonly clock: Clock
  readonly random: RandomSource
}

/**
 * Opens the store of a location: `sqlite:FILE`, `sqlite::memory:` or `postgres://…`. A SQLite file is opened, and made
 * when missing, at once; Postgres is reached with the first call. Throws a `Failure`.
 */
export function openStore(location: string, dependencies: StoreDependencies): Store {
  return storeOver(openDatabase(location), dependencies)
}

/** The stores over a database that is open already; `close` closes it. */
export function storeOver(database: Database, { clock, random }: StoreDependencies): Store {
  const keys = database.hotLookup(keyForCall)
  const tokens = database.hotLookup(tokenForCall)
  /** What a change of a person makes stale. */
  const people = {
    ...keys,
    forgetAll() {
      keys.forgetAll()
      tokens.forgetAll()
    },
  }
  return {
    kind: database.kind,
    apiKeys: apiKeyStore(database, keys, random),
    users: userStore(database, people, random),
    linkedAccounts: linkedAccountStore(database, random),
    passwords: passwordStore(database, random),
    loginSessions: loginSessionStore(database, random),
    accessTokens: accessTokenStore(database, tokens, random),
    clients: clientStore(database, tokens, random),
    consents: consentStore(database, tokens, random),
    artifacts: artifactStore(database, tokens, random),
    signingKeys: signingKeyStore(database, random),
    mcpSessions: mcpSessionStore(database),
    audit: auditStore(database),
    migrate: () => migrate(database, clock),
    pendingMigrations: () => pendingMigrations(database),
    ping: () => database.ping(),
    close: () => database.close(),
  }
}
