import type { ClientFamily } from '../mcp/client-family.ts'
import type { Generated } from 'kysely'
import type { Role } from '../identity/user.ts'
import type { ArtifactKind } from '../oauth/artifact-store.ts'
import type { AuditAction, AuditActor, AuditOutcome } from '../telemetry/audit-store.ts'
import type {
  ClientOrigin,
  ClientStatus,
  ConsentFlow,
  LoginEndReason,
  LoginProvider,
} from '../telemetry/vocabulary.ts'
import type { SigningKeyUse } from '../tokens/signing-key-store.ts'

/** The tables after the last migration. Times are epoch milliseconds; lists are JSON text. */
export interface Schema {
  readonly users: UserRow
  readonly workspaces: { name: string; created_at: number }
  readonly memberships: { user_id: string; workspace: string; role: Role; created_at: number }
  readonly api_keys: ApiKeyRow
  readonly signing_keys: SigningKeyRow
  readonly mcp_sessions: McpSessionRow
  readonly audit_log: AuditLogRow
  readonly passwords: PasswordRow
  readonly linked_accounts: LinkedAccountRow
  readonly login_sessions: LoginSessionRow
  readonly clients: ClientRow
  readonly consents: ConsentRow
  readonly token_families: TokenFamilyRow
  readonly access_tokens: AccessTokenRow
  readonly oauth_artifacts: OauthArtifactRow
  readonly schema_migrations: { name: string; applied_at: number }
}

interface UserRow {
  id: string
  email: string
  created_at: number
  disabled_at: number | null
  /** The provider that created the account; linking another does not change it. */
  auth_source: Generated<LoginProvider>
  /** 0 when the address is only what a provider was told; an administrator's word counts as proof. */
  email_verified: Generated<0 | 1>
  /** Goes into every pseudonym of this person; without it, none can be led back. */
  attribution_salt: string
}

interface ApiKeyRow {
  id: string
  secret_hash: string
  user_id: string
  workspace: string
  name: string
  scopes: string
  upstreams: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
  replaced_by: string | null
  /** When a server said that it has expired: once, whichever says it. */
  expiry_told_at: Generated<number | null>
}

interface SigningKeyRow {
  id: string
  use: SigningKeyUse
  public_jwk: string
  sealed_private_jwk: string
  created_at: number
}

export interface McpSessionRow {
  id_hash: string
  upstream: string
  issuer: string
  subject: string
  client_id: string
  workspace: string
  sealed_id: string
  client: ClientFamily
  started_at: number
  last_seen_at: number
}

export interface AuditLogRow {
  /** Rises with each row, so that rows of one millisecond keep their order. */
  position: Generated<number>
  id: string
  time: number
  actor_kind: AuditActor
  actor_id: string | null
  workspace: string | null
  client_id: string | null
  credential_id: string | null
  address: string | null
  action: AuditAction
  target: string
  outcome: AuditOutcome
  reason: string | null
  request_id: string | null
  trace_id: string | null
  count: number
}

interface PasswordRow {
  user_id: string
  hash: string
  /** Rises with every new password, so that it names one. */
  set_at: number
  /** Gone with the first sign-in. */
  one_time: Generated<0 | 1>
}

interface LinkedAccountRow {
  /** The account's issuer at the provider, and its subject there: what names it (never an e-mail address). */
  issuer: string
  subject: string
  provider: LoginProvider
  user_id: string
  linked_at: number
}

export interface LoginSessionRow {
  /** `ses_…`: the name people and administrators see. The cookie's value is another, and only its hash is kept. */
  id: string
  cookie_hash: string
  /** Null once the person is erased. */
  user_id: string | null
  provider: LoginProvider
  remembered: 0 | 1
  started_at: number
  last_seen_at: number
  idle_ends_at: number
  /** Whoever may not end a session itself moves this to now and says why in `end_reason`. */
  absolute_ends_at: number
  fingerprint: string
  device_name: string
  address: string
  /** 1 when it began with a one-time password, until its user has set another one. */
  password_due: 0 | 1
  ended_at: number | null
  end_reason: LoginEndReason | null
}

export interface ClientRow {
  id: string
  origin: ClientOrigin
  status: ClientStatus
  name: string
  /** RFC 7591 metadata as JSON, without secrets. */
  metadata: string
  secret_hash: string | null
  /** The user who registered it, where one did. */
  owner_id: string | null
  /** The one workspace a client acts in for itself (`client_credentials`). */
  workspace: string | null
  created_at: number
  /** Metadata documents only: when it was fetched, and how long that answer holds. */
  fetched_at: number | null
  fresh_until: number | null
  last_used_at: number | null
}

export interface ConsentRow {
  id: string
  user_id: string
  client_id: string
  workspace: string
  resource: string
  /** JSON list. */
  scopes: string
  flow: ConsentFlow
  granted_at: number
  last_used_at: number | null
  revoked_at: number | null
  revoked_by: 'user' | 'admin' | 'system' | null
}

/** The tokens that came of one code: revoked together, however many they are by then. */
export interface TokenFamilyRow {
  /** The hash of the code. */
  id: string
  consent_id: string
  client_id: string
  started_at: number
  /** When its last refresh token ends. */
  expires_at: number
  revoked_at: number | null
}

export interface AccessTokenRow {
  /** `jti`. */
  id: string
  family_id: string | null
  /** Null for a client that acts for itself. */
  consent_id: string | null
  user_id: string | null
  client_id: string
  workspace: string
  /** The refresh token it came with: its first use shows that that answer arrived. */
  refresh_token_hash: string | null
  issued_at: number
  expires_at: number
  used_at: number | null
  revoked_at: number | null
}

/** What the library keeps: codes, refresh tokens, device codes, interactions. Ids are hashed, payloads sealed. */
export interface OauthArtifactRow {
  kind: ArtifactKind
  id_hash: string
  payload: string
  family_id: string | null
  /** The refresh token this one came from. */
  predecessor_hash: string | null
  user_code_hash: string | null
  expires_at: number
  /** Device codes: when a person allowed or denied it, or it was found to have run out. */
  decided_at: number | null
  /** Device codes: when the device last asked. */
  polled_at: number | null
  consumed_at: number | null
  /** Refresh tokens: when the access token of the same answer was first used. */
  arrived_at: number | null
}
