import { describe, expect, it } from 'vitest'
import { createMetricSink } from './metric-sink.ts'
import { Metrics } from './metrics.ts'
import { NameRegistry } from './name-registry.ts'
import { createEmit } from './telemetry.ts'

function recording() {
  const names = new NameRegistry()
  const metrics = new Metrics(names)
  const emit = createEmit(names, createMetricSink(metrics), [])
  const route = names.register('route', '/mcp')
  const changed = () =>
    metrics
      .render()
      .split('\n')
      .filter((line) => !line.startsWith('#') && line !== '' && !line.endsWith(' 0'))
  return { names, emit, route, changed }
}
const sender = { auth_mode: 'api_key', client: 'other', llm_family: 'unknown' } as const
const refusedFrom = {
  surface: 'mcp',
  oauth_configured: false,
  resource_metadata_url_present: false,
  ...sender,
} as const
const ended = { method: 'POST', status_class: '2xx', duration: 0.2 } as const

describe('what happened becomes numbers', () => {
  it('a request is in flight until it has ended', () => {
    const { emit, route, changed } = recording()
    emit('http_request_started', { route })
    expect(changed()).toEqual(['sallyport_requests_in_flight{route="/mcp"} 1'])
    emit('http_request_ended', { route, ...ended })
    const lines = changed()
    expect(lines.some((line) => line.startsWith('sallyport_requests_in_flight'))).toBe(false)
    expect(lines).toContain('sallyport_http_requests_total{route="/mcp",method="POST",status_class="2xx"} 1')
  })

  it('T14: each reason is counted for itself', () => {
    const { emit, changed } = recording()
    for (const reason of ['origin_rejected', 'insufficient_scope', 'upstream_not_allowed'] as const)
      emit('auth_rejected', { reason, ...refusedFrom })
    expect(changed()).toEqual([
      'sallyport_auth_rejected_total{reason="insufficient_scope",surface="mcp"} 1',
      'sallyport_auth_rejected_total{reason="origin_rejected",surface="mcp"} 1',
      'sallyport_auth_rejected_total{reason="upstream_not_allowed",surface="mcp"} 1',
    ])
  })
})

describe('T20: what the catalogue does not declare is counted, and recorded nowhere', () => {
  const { names } = recording()
  const declared = names.register('route', '/mcp')
  it.each([
    ['a reason of free text', 'auth_rejected', { ...refusedFrom, reason: 'key sp_abc' }],
    ['a raw verb', 'http_request_ended', { ...ended, route: declared, method: 'PROPFIND' }],
    ['a raw path', 'http_request_ended', { ...ended, route: '/secret' }],
    ['a path that was never registered', 'http_request_started', { route: '/mcp/../x' }],
    ['a duration below zero', 'http_request_ended', { ...ended, route: declared, duration: -1 }],
    [
      'a duration that is no number',
      'http_request_ended',
      { ...ended, route: declared, duration: Number.NaN },
    ],
    ['a duration in text', 'http_request_ended', { ...ended, route: declared, duration: '1' }],
    ['a missing field', 'auth_decided', { method: 'none' }],
    ['nothing in place of a value', 'auth_decided', { method: null, outcome: null }],
    ['nothing in place of a name', 'http_request_started', { route: null }],
    ['a name of the prototype', 'auth_decided', { method: 'constructor', outcome: 'accepted' }],
  ] as const)('%s', (_, signal, fields) => {
    const { emit, changed } = recording()
    emit(signal, fields as never)
    expect(changed()).toEqual([`sallyport_telemetry_refused_values_total{signal="${signal}"} 1`])
  })

  it('a field nobody declared reaches no metric', () => {
    const { emit, changed } = recording()
    emit('auth_rejected', { ...refusedFrom, reason: 'unknown_key', user: 'jane' } as never)
    expect(changed().join('\n')).not.toContain('jane')
  })
})

it('with metrics off nothing is recorded, and nothing fails', () => {
  const emit = createEmit(new NameRegistry(), null, [])
  expect(emit('auth_decided', { method: 'none', outcome: 'challenged' })).toBeUndefined()
})
