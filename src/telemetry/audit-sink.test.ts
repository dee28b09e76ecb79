import { describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { systemRandom } from '../lib/random.ts'
import { anonymous } from '../principal/principal.ts'
import { createAuditSink } from './audit-sink.ts'
import type { AuditedCalls } from './audit-sink.ts'
import type { AuditBatch, AuditRow } from './audit-store.ts'
import { createLog } from './log.ts'
import { NameRegistry } from './name-registry.ts'
import type { SignalFields } from './signals.ts'

const names = new NameRegistry()
const sender = { auth_mode: 'api_key', client: 'other', llm_family: 'unknown' } as const
const call: SignalFields<'operation_ended'> = {
  mcp_method: 'tools/call',
  upstream: names.register('upstream', 'code'),
  tool: names.register('tool', 'read'),
  error_type: undefined,
  duration: 0.1,
  principal: anonymous,
  target: 'read',
  resource_uri: undefined,
  address: '127.0.0.1',
  request_id: 'req_1',
  trace_id: undefined,
  ...sender,
}
const rejected = {
  reason: 'unknown_key',
  surface: 'mcp',
  oauth_configured: false,
  resource_metadata_url_present: false,
  ...sender,
} as const

/** A sink over a store that fails as long as `broken` says so. */
function auditing(calls: AuditedCalls = 'all') {
  const written: AuditRow[] = []
  const lost = { count: 0 }
  const state = { broken: false }
  const newBatch = (): AuditBatch => {
    const rows: AuditRow[] = []
    return {
      get size() {
        return rows.length
      },
      add: (row) => void rows.push(row),
      async write() {
        if (state.broken) throw new Error('away')
        written.push(...rows)
      },
    }
  }
  const log = createLog('silent', systemClock, () => {})
  const dropped = (_: string, count: number) => void (lost.count += count)
  const sink = createAuditSink(calls, {
    store: { newBatch },
    clock: systemClock,
    random: systemRandom,
    log,
    dropped,
  })
  return { sink, written, lost, state }
}

describe('the audit of calls', () => {
  it('says what was asked of which upstream, and how it ended', async () => {
    const { sink, written } = auditing()
    sink.take('operation_ended', call)
    sink.take('operation_ended', { ...call, error_type: '-32602' })
    sink.take('operation_ended', { ...call, error_type: 'insufficient_scope' })
    await sink.flush()
    expect(written.map(({ target, outcome, reason }) => [target, outcome, reason])).toEqual([
      ['code tools/call read', 'success', null],
      ['code tools/call read', 'failed', '-32602'],
      ['code tools/call read', 'refused', 'insufficient_scope'],
    ])
  })

  it('takes refused ones only, or none, where the operator says so', async () => {
    for (const [calls, expected] of [
      ['refused', 1],
      ['off', 0],
    ] as const) {
      const { sink, written } = auditing(calls)
      sink.take('operation_ended', call)
      sink.take('operation_ended', { ...call, error_type: 'insufficient_scope' })
      await sink.flush()
      expect(written).toHaveLength(expected)
    }
  })

  it('gathers strangers: ten thousand refusals of a kind are one row', async () => {
    const { sink, written } = auditing()
    for (let n = 0; n < 10_000; n += 1) sink.take('auth_rejected', rejected)
    sink.take('auth_rejected', { ...rejected, surface: 'metrics' })
    await sink.flush()
    expect(written.map(({ target, count, actorKind }) => [target, count, actorKind])).toEqual([
      ['mcp', 10_000, 'anonymous'],
      ['metrics', 1, 'anonymous'],
    ])
  })

  it('gathers failed sign-ins by provider, without a word of what was typed', async () => {
    const { sink, written } = auditing()
    const login = { ...sender, provider: 'local', outcome: 'failure', duration: 0.1 } as const
    for (let n = 0; n < 100; n += 1) sink.take('login', login)
    sink.take('login', { ...login, outcome: 'success' })
    await sink.flush()
    expect(written).toMatchObject([
      { action: 'login.failed', target: 'local', outcome: 'refused', actorKind: 'anonymous', count: 100 },
    ])
  })

  it('keeps what the store could not take for the next round, and counts what it cannot keep', async () => {
    const { sink, written, lost, state } = auditing()
    state.broken = true
    for (let n = 0; n < 20_010; n += 1) sink.take('operation_ended', call)
    await sink.flush()
    expect([written.length, lost.count]).toEqual([0, 10])
    state.broken = false
    await sink.flush()
    expect(written).toHaveLength(20_000)
  })
})
