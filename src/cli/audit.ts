import { newId } from '../lib/id.ts'
import { auditActions } from '../telemetry/audit-store.ts'
import type { AuditFilter, AuditRow } from '../telemetry/audit-store.ts'
import { auditCsvHeader, auditCsvLine } from '../telemetry/audit-export.ts'
import { UsageError } from './command.ts'
import type { Command, CommandInput } from './command.ts'
import { withStore } from './with-store.ts'

const formats = ['text', 'csv', 'ndjson'] as const

export const auditCommand: Command = {
  name: 'audit',
  summary: 'Searches the audit log, newest first; the log says that it was read.',
  operands: [],
  flags: {
    actor: { summary: 'Only what this user or subject did.', value: 'ID' },
    target: { summary: 'Only what was done to this.', value: 'ID' },
    workspace: { summary: 'Only in this workspace.', value: 'NAME' },
    action: { summary: `Only this action, such as ${auditActions[4]}.`, value: 'ACTION' },
    since: { summary: 'Only from this time on.', value: 'ISO-TIME' },
    until: { summary: 'Only before this time.', value: 'ISO-TIME' },
    limit: { summary: 'How many rows at the most. Default 100.', value: 'N' },
    format: { summary: 'text, csv or ndjson.', value: 'FORMAT' },
  },
  run: (context) =>
    withStore(context, async ({ store }) => {
      const { input, surroundings, print } = context
      const filter = filterOf(input)
      const format = formats.find((known) => known === (input.flag('format') ?? 'text'))
      if (format === undefined)
        throw new UsageError('--format is not known', `use one of ${formats.join(', ')}`)
      const rows = await store.audit.list(filter)
      await store.audit.append([
        readingRow(newId('aud', surroundings.random), surroundings.clock.now(), filter, rows.length),
      ])
      if (input.json) return print(JSON.stringify({ rows: rows.map(shown) }))
      if (format === 'csv') print(auditCsvHeader)
      for (const row of rows) {
        if (format === 'csv') print(auditCsvLine(row))
        else print(format === 'ndjson' ? JSON.stringify(shown(row)) : line(row))
      }
    }),
}

function filterOf(input: CommandInput): AuditFilter {
  const action = auditActions.find((known) => known === input.flag('action'))
  if (input.has('action') || (input.flag('action') !== undefined && action === undefined)) {
    throw new UsageError('--action is not known', `use one of ${auditActions.join(', ')}`)
  }
  const limit = Number(input.flag('limit') ?? 100)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000_000) {
    throw new UsageError('--limit must be a whole number from 1 to 1000000', 'correct it')
  }
  const [actorId, target, workspace] = [input.flag('actor'), input.flag('target'), input.flag('workspace')]
  const [since, until] = [timeOf(input, 'since'), timeOf(input, 'until')]
  return {
    limit,
    ...(actorId === undefined ? {} : { actorId }),
    ...(target === undefined ? {} : { target }),
    ...(workspace === undefined ? {} : { workspace }),
    ...(action === undefined ? {} : { action }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
  }
}

function timeOf(input: CommandInput, name: 'since' | 'until'): number | undefined {
  const text = input.flag(name)
  if (text === undefined) return undefined
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new UsageError(`--${name} is no time`, 'write it as 2026-11-22T10:00:00Z')
  return time
}

/** Reading the audit log is audited itself. */
function readingRow(id: string, time: number, filter: AuditFilter, found: number): AuditRow {
  const target = JSON.stringify({ ...filter, found })
  const nobody = { actorId: null, workspace: null, clientId: null, credentialId: null, address: null }
  const nothing = { reason: null, requestId: null, traceId: null, count: 1 }
  return {
    id,
    time,
    actorKind: 'admin',
    ...nobody,
    action: 'audit.read',
    target,
    outcome: 'success',
    ...nothing,
  }
}

function shown(row: AuditRow) {
  return { ...row, time: new Date(row.time).toISOString() }
}

function line({
  time,
  actorKind,
  actorId,
  workspace,
  action,
  target,
  outcome,
  reason,
  count,
}: AuditRow): string {
  const who = `${actorKind}${actorId === null ? '' : ` ${actorId}`}${workspace === null ? '' : ` in ${workspace}`}`
  const how = `${outcome}${reason === null ? '' : ` (${reason})`}${count === 1 ? '' : ` ×${count}`}`
  return `${new Date(time).toISOString()}  ${who}  ${action}  ${target}  ${how}`
}
