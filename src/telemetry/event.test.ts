import { describe, expect, it } from 'vitest'
import { systemRandom } from '../lib/random.ts'
import { anonymous } from '../principal/principal.ts'
import type { Principal } from '../principal/principal.ts'
import { createAttribution } from './attribution.ts'
import { createEventEncoder, events } from './event.ts'
import type { EventRecord } from './event.ts'
import { eventStyle } from './event-format.ts'
import { fieldOf } from './field.ts'
import { newInstallId } from './install-id.ts'

const common = {
  version: 'dev',
  transport: 'http',
  install_id: newInstallId(systemRandom),
  installation_type: 'local',
  is_ci: false,
  is_container: false,
  launch_method: 'other',
} as const

const jane: Principal = {
  kind: 'user',
  issuer: 'http://i',
  subject: 'usr_jane',
  workspace: 'acme',
  scopes: [],
  credentialId: 'key0jane0000',
  upstreams: [],
  attributionSalt: 'salt',
}
const key = { id: 'k1', secret: 'a-key-of-thirty-two-characters-00' }
const encode = createEventEncoder({
  style: eventStyle('json', common),
  common,
  attribution: createAttribution('id', key),
  isListed: (set, name) => set === 'upstream' && name === 'code',
  newEventId: () => 'id',
})
const event = (name: EventRecord['name'], fields: EventRecord['fields'], count: number | null = null) =>
  JSON.parse(encode({ name, fields, at: 0, count })) as Readonly<Record<string, unknown>>
const called = {
  upstream: 'code',
  tool: 'search',
  outcome: 'success',
  duration: 0.05,
  streamed: true,
  principal: jane,
  auth_mode: 'api_key',
  client: 'zed',
  llm_family: 'mixed',
}

describe('an event', () => {
  it('is what the catalogue declares, between what all events say', () => {
    const { principal_hash, workspace_hash, credential_hash, ...plain } = event('tool_called', called)
    expect(plain).toEqual({
      ...common,
      event: 'tool_called',
      schema: 1,
      event_id: 'id',
      time: '1970-01-01T00:00:00.000Z',
      upstream: 'code',
      tool: 'other',
      outcome: 'success',
      duration: '10-100ms',
      streamed: true,
      auth_mode: 'api_key',
      client: 'zed',
      llm_family: 'mixed',
      attribution_key_id: 'k1',
    })
    for (const hash of [principal_hash, workspace_hash, credential_hash])
      expect(hash).toMatch(/^[0-9a-f]{32}$/)
    expect(JSON.stringify(event('tool_called', called))).not.toContain('jane')
  })

  it('T12: names nobody where nobody is known', () => {
    const keys = Object.keys(event('tool_called', { ...called, principal: anonymous }))
    expect(keys.filter((name) => name.includes('hash'))).toEqual([])
  })

  it('has the same fields in either format, whatever letters they have', () => {
    const parts = {
      common,
      attribution: createAttribution('off', null),
      isListed: () => true,
      newEventId: () => 'id',
    }
    const record = { name: 'tool_called', fields: { ...called, tool: 'größe "✓"' }, at: 7, count: 2 } as const
    const [json, otlp] = (['json', 'otlp'] as const).map((format) => {
      const style = eventStyle(format, common)
      const text = `${style.opening}${createEventEncoder({ ...parts, style })(record)}${style.closing}`
      return JSON.parse(text) as Record<string, never>
    })
    expect(json).toMatchObject({
      events: [{ tool: 'größe "✓"', count: 2, time: '1970-01-01T00:00:00.007Z' }],
    })
    expect(otlp).toMatchObject({
      resourceLogs: [{ scopeLogs: [{ logRecords: [{ timeUnixNano: '7000000', attributes: {} }] }] }],
    })
    const attributes = /"key":"tool","value":\{"stringValue":"größe/
    expect(JSON.stringify(otlp)).toMatch(attributes)
  })

  it('T20: leaves out what is no member of its kind, and what nobody declared', () => {
    const odd = {
      outcome: 'jane',
      duration: 'jane',
      streamed: 'jane',
      client: 7,
      tool: 3,
      error_kind: '',
      jane: 1,
    }
    const { tool, ...plain } = event('tool_called', { ...called, ...odd })
    for (const name of Object.keys(odd)) expect(plain).not.toHaveProperty(name)
    expect(tool).toBeUndefined()
    expect(event('tool_called', { ...called, duration: Number.NaN })).not.toHaveProperty('duration')
  })

  it('T21: of an identity-less signal never has a person, whatever a cast lets in', () => {
    const rejected = { reason: 'unknown_key', surface: 'mcp', user: 'jane' }
    expect(JSON.stringify(event('auth_rejected', rejected, 3))).not.toContain('jane')
    expect(event('auth_rejected', rejected, 3)).toMatchObject({ count: 3, reason: 'unknown_key' })
  })

  it('gives every number of the catalogue a bucket, from zero to as much as there is', () => {
    for (const { fields } of events.values()) {
      for (const field of Object.values(fields).map(fieldOf)) {
        if (!('buckets' in field)) continue
        const bounds = field.buckets.map(([below]) => below)
        expect(bounds).toEqual(bounds.toSorted((a, b) => a - b))
        expect(bounds.at(-1)).toBe(Infinity)
        expect(new Set(field.buckets.map(([, name]) => name)).size).toBe(bounds.length)
      }
    }
  })
})
