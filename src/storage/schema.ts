import type { ClientFamily } from '../mcp/client-family.ts'
import type { Generated } from 'kysely'
import type { Role } from '../identity/user.ts'
import type { AuditAction, AuditActor, AuditOutcome } from '../telemetry/audit-store.ts'
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
  readonly schema_migrations: { name: string; applied_at: number }
}

interface UserRow {
  id: string
  email: string
  created_at: number
  disabled_at: number | null
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
