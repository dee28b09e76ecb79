import { describe, expect, it } from 'vitest'
import { createCors } from './cors.ts'
import type { RequestHead } from './request-head.ts'

const app = 'https://app.example.com'
const head = (more: Partial<RequestHead>): RequestHead => ({
  method: 'OPTIONS',
  path: '/mcp',
  credential: { kind: 'none' },
  host: 'localhost',
  origin: app,
  contentType: undefined,
  contentEncoding: undefined,
  sessionId: undefined,
  mcpMethod: undefined,
  mcpName: undefined,
  protocolVersion: undefined,
  traceParent: undefined,
  forwardedFor: undefined,
  forwarded: [],
  problem: null,
  ...more,
})
const asking = { method: 'POST', headers: undefined }

describe('fields for an origin', () => {
  const cors = createCors([app])

  it('let the one that is listed read, in whatever letter case, repeated as it came', () => {
    for (const origin of [app, 'HTTPS://APP.example.com'])
      expect(cors.fieldsFor(origin).slice(0, 4)).toEqual([
        'Vary',
        'Origin',
        'Access-Control-Allow-Origin',
        origin,
      ])
  })

  it('let no other read, and say that it depends', () => {
    for (const origin of [undefined, 'null', '*', `${app}:8443`, `${app}/`, 'https://example.com'])
      expect(cors.fieldsFor(origin)).toEqual(['Vary', 'Origin'])
  })

  it('never name a wildcard, nor allow cookies', () => {
    const said = JSON.stringify([cors.fieldsFor(app), cors.preflight(head({}), asking, ['POST'])])
    expect(said).not.toMatch(/\*|credentials/i)
  })

  it('are none where no origin is listed', () => {
    expect(createCors([]).fieldsFor(app)).toEqual([])
    expect(createCors([]).preflight(head({}), asking, ['POST'])).toBeNull()
  })
})

describe('a preflight', () => {
  const cors = createCors([app])

  it.each<[string, Partial<RequestHead>, string | undefined]>([
    ['another method', { method: 'POST' }, 'POST'],
    ['no method asked for', {}, undefined],
    ['no origin', { origin: undefined }, 'POST'],
    ['an origin that is not listed', { origin: 'https://evil.example' }, 'POST'],
  ])('is not what has %s', (_, more, method) => {
    expect(cors.preflight(head(more), { method, headers: undefined }, ['POST'])).toBeNull()
  })

  it('repeats names of parameters only, in no form that could end the field', () => {
    const headers = 'Mcp-Param-A , mcp-param-b\r\nX: y,mcp-param-,mcp-param-c d,x-mcp-param-e,mcp-param-f:1'
    const fields = cors.preflight(head({}), { method: 'POST', headers }, ['POST']) ?? []
    const allowed = fields[fields.indexOf('Access-Control-Allow-Headers') + 1] ?? ''
    expect(allowed.split(', ').filter((name) => /param/i.test(name))).toEqual(['mcp-param-a'])
  })
})
