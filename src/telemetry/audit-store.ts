/** What is audited; a stable vocabulary. */
export const auditActions = [
  'user.added',
  'user.joined_workspace',
  'user.disabled',
  'user.enabled',
  'key.created',
  'key.rotated',
  'key.revoked',
] as const
export type AuditAction = (typeof auditActions)[number]

/** One line of the audit log: the one place with plain identity. `time` is in epoch milliseconds. */
export interface AuditRow {
  readonly id: string
  readonly time: number
  readonly actorKind: 'user' | 'admin' | 'system'
  readonly actorId: string | null
  readonly workspace: string | null
  readonly action: AuditAction
  /** The id of what was acted on: a key's public id, a user's id. */
  readonly target: string
  readonly outcome: 'success'
}

/** Reads the audit log. Rows are written by the stores, inside the transaction of what they record. */
export interface AuditStore {
  /** Newest first. */
  list(filter: { target?: string; limit: number }): Promise<AuditRow[]>
}
