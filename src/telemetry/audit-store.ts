/** What is audited; a stable vocabulary. */
export const auditActions = [
  'user.added',
  'user.joined_workspace',
  'user.disabled',
  'user.enabled',
  'user.erased',
  'key.created',
  'key.rotated',
  'key.revoked',
  'user.password_set',
  'user.signed_out',
  'user.linked',
  'user.role_changed',
  'login.succeeded',
  'login.failed',
  'login_session.ended',
  'client.registered',
  'client.approved',
  'client.rejected',
  'client.revoked',
  'client.changed',
  'client.deleted',
  'consent.granted',
  'consent.revoked',
  'token.revoked',
  'signing_key.rotated',
  'mcp.call',
  'request.refused',
  'audit.read',
  'pseudonym.resolved',
] as const
export type AuditAction = (typeof auditActions)[number]

export const auditOutcomes = ['success', 'refused', 'failed'] as const
export type AuditOutcome = (typeof auditOutcomes)[number]

/** Who acted; `anonymous` for a caller nobody knows. */
export const auditActors = ['user', 'service', 'admin', 'external', 'anonymous', 'system'] as const
export type AuditActor = (typeof auditActors)[number]

/** One line of the audit log: the one place with plain identity. `time` is in epoch milliseconds. */
export interface AuditRow {
  readonly id: string
  readonly time: number
  readonly actorKind: AuditActor
  readonly actorId: string | null
  readonly workspace: string | null
  /** The OAuth client that acted for the actor. */
  readonly clientId: string | null
  readonly credentialId: string | null
  readonly address: string | null
  readonly action: AuditAction
  /** What was acted on: a key's public id, a user's id, upstream and method of a call. */
  readonly target: string
  readonly outcome: AuditOutcome
  readonly reason: string | null
  readonly requestId: string | null
  readonly traceId: string | null
  /** How many alike this line stands for: refusals of strangers are gathered. */
  readonly count: number
}

/** Narrows a search; all given must hold. Times in epoch milliseconds, `until` exclusive. */
export interface AuditFilter {
  readonly target?: string
  readonly actorId?: string
  readonly workspace?: string
  readonly action?: AuditAction
  readonly since?: number
  readonly until?: number
  readonly limit: number
}

/** The audit log. Rows of changes are written by the stores, inside the transaction of what they record. */
export interface AuditStore {
  /** Newest first. */
  list(filter: AuditFilter): Promise<AuditRow[]>
  /** Begins a batch of calls and refusals. */
  newBatch(): AuditBatch
  /** Adds rows in one transaction. */
  append(rows: readonly AuditRow[]): Promise<void>
  /** Deletes what is older; answers how many rows went. At most `most` at a time. */
  forgetBefore(time: number, most: number): Promise<number>
}

/** Rows that gather until they are written. They are held as the store writes them, not as they were given. */
export interface AuditBatch {
  readonly size: number
  add(row: AuditRow): void
  /** Writes all of them in one transaction; when it fails, none is written and it may be tried again. Written, it is over. */
  write(): Promise<void>
}
