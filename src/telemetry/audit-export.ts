import type { AuditRow } from './audit-store.ts'

const columns = [
  'id',
  'time',
  'actorKind',
  'actorId',
  'workspace',
  'clientId',
  'credentialId',
  'address',
  'action',
  'target',
  'outcome',
  'reason',
  'requestId',
  'traceId',
  'count',
] as const satisfies readonly (keyof AuditRow)[]

/** The first line of a CSV export (RFC 4180). */
export const auditCsvHeader: string = columns.join(',')

/** One row as a line of CSV; times in ISO 8601. */
export function auditCsvLine(row: AuditRow): string {
  return columns
    .map((column) => cell(column === 'time' ? new Date(row.time).toISOString() : row[column]))
    .join(',')
}

/** A text that a spreadsheet would take for a formula gets an apostrophe: targets hold what clients sent. */
function cell(value: string | number | null): string {
  if (value === null) return ''
  if (typeof value === 'number') return String(value)
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
