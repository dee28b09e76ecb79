import { describe, expect, it } from 'vitest'
import { configFailureCode, tolerantSettings } from './tolerant.ts'
import type { TolerantSources } from './tolerant.ts'

const endpoint = 'https://events.example/in'

function read(source: string | null, more: Partial<TolerantSources> = {}) {
  return tolerantSettings({
    flags: new Map(),
    upstreamFlags: [],
    environment: {},
    readSecretFile: () => 'from-a-file',
    file: source === null ? null : { name: 'f', source },
    fileUnreadable: false,
    ...more,
  })
}
const inVariable = { environment: { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: endpoint } }
const fileWith = (analytics: string) => `listen: { port: x }\ntelemetry: { analytics: ${analytics} }`

describe('where analytics may go after a configuration was refused', () => {
  it('is where it says, whatever else is wrong', () => {
    const source = fileWith(`{ endpoint: "${endpoint}", token: t }`)
    expect(read(source).analytics).toMatchObject({
      'telemetry.analytics.endpoint': endpoint,
      'telemetry.analytics.format': 'json',
      'telemetry.analytics.token': 't',
    })
    expect(read(`${source}\nupstreams: 7`).analytics).not.toBeNull()
    expect(read('nonsense: 1', inVariable).analytics).not.toBeNull()
    const secret = { ...inVariable.environment, SALLYPORT_TELEMETRY_ANALYTICS_TOKEN_FILE: '/x' }
    expect(read(null, { environment: secret }).analytics).toMatchObject({
      'telemetry.analytics.token': 'from-a-file',
    })
  })

  it.each([
    ['no endpoint', fileWith('{ format: otlp }')],
    ['an endpoint that is none', fileWith('{ endpoint: off }')],
    ['a format that is none', fileWith(`{ endpoint: "${endpoint}", format: off }`)],
    ['a word nobody knows beside it', fileWith(`{ endpoint: "${endpoint}", enabled: false }`)],
    ['a word in its place', 'telemetry: { analytics: off }'],
    ['telemetry itself off', 'telemetry: off'],
    ['another spelling', `telemetry: { Analytics: off, analytics: { endpoint: "${endpoint}" } }`],
    ['a file that is no YAML', `telemetry: { analytics: { endpoint: "${endpoint}" }`],
    ['a key that is there twice', `telemetry: { analytics: { endpoint: "${endpoint}", endpoint: null } }`],
  ])('is nowhere with %s', (_, source) => {
    expect(read(source).analytics).toBeNull()
  })

  it.each(['SALLYPORT_TELEMETRY', 'SALLYPORT_TELEMETRY_ANALYTICS', 'SALLYPORT_TELEMETRY_ANALYTICS_ENABLED'])(
    'is nowhere with the variable %s, which may have meant no',
    (name) => {
      expect(read(null, { environment: { ...inVariable.environment, [name]: 'x' } }).analytics).toBeNull()
    },
  )

  it('is where a variable says when the file cannot be read', () => {
    expect(read(null, { ...inVariable, fileUnreadable: true }).analytics).not.toBeNull()
    expect(read('a: [', inVariable).analytics).not.toBeNull()
  })
})

describe('T56: what kind of installation it was', () => {
  const place = (source: string | null, more: Partial<TolerantSources> = {}) => {
    const { publicUrl, cloudHosts, store } = read(source, more)
    return [publicUrl, cloudHosts, store]
  }
  const usual = 'sqlite:./sallyport.db'

  it('is told from what is in order', () => {
    const source =
      'publicUrl: https://a.example\ntelemetry: { cloudHosts: [b.example] }\nstore: sqlite:x\nlimits: 7'
    expect(place(source)).toEqual(['https://a.example', ['b.example'], 'sqlite:x'])
    expect(place('limits: 7')).toEqual([null, [], usual])
  })

  it('is not guessed from what is not', () => {
    expect(place('publicUrl: nonsense')).toEqual([undefined, [], usual])
    expect(place('telemetry: { cloudHosts: ["!"] }')).toEqual([null, null, usual])
    expect(place('a: [')).toEqual([undefined, null, usual])
    expect(place(null, { fileUnreadable: true })).toEqual([undefined, null, usual])
    const environment = { SALLYPORT_PUBLIC_URL: 'https://a.example' }
    expect(place('a: [', { environment })[0]).toBe('https://a.example')
  })
})

it('tells a missing secret from other faults', () => {
  const missing = [
    'auth.adminOnMcp: needs auth.adminToken',
    'SALLYPORT_SECRETS_KEY_FILE: cannot be read (ENOENT)',
  ]
  expect(configFailureCode(missing)).toBe('config_secret_missing')
  expect(configFailureCode([...missing, 'listen.port: must be a number'])).toBe('config_invalid')
})
