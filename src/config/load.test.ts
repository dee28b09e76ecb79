import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'
import type { Config, Sources } from './load.ts'

const secret = 'a-secret-of-at-least-32-characters'
const empty: Sources = {
  flags: new Map(),
  upstreamFlags: [],
  environment: {},
  file: null,
  readSecretFile: () => secret,
}
const yaml = (source: string): Partial<Sources> => ({ file: { name: 'sallyport.yaml', source } })

function load(sources: Partial<Sources>): Config {
  const loaded = loadConfig({ ...empty, ...sources })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}

function problems(sources: Partial<Sources>): readonly string[] {
  const loaded = loadConfig({ ...empty, ...sources })
  return 'problems' in loaded ? loaded.problems : []
}

describe('precedence', () => {
  const file = yaml('listen: { port: 1 }\nallowedHosts: [file]')
  const environment = { SALLYPORT_LISTEN_PORT: '2', SALLYPORT_ALLOWED_HOSTS: 'a.example, b.example:8443' }

  it('is flag, variable, file, default', () => {
    const port = (sources: Partial<Sources>) => load(sources).settings['listen.port']
    expect(port({ ...file, environment, flags: new Map([['listen.port', '3']]) })).toBe(3)
    expect(port({ ...file, environment })).toBe(2)
    expect(port(file)).toBe(1)
    expect(port({})).toBe(8787)
  })

  it('replaces lists as a whole; an empty variable is not set', () => {
    expect(load({ ...file, environment }).settings.allowedHosts).toEqual(['a.example', 'b.example:8443'])
    expect(load({ ...file, environment: { SALLYPORT_ALLOWED_HOSTS: '' } }).settings.allowedHosts).toEqual([
      'file',
    ])
  })

  it('holds for upstreams too', () => {
    const sources = {
      ...yaml('upstreams: [{ name: file, url: http://f/mcp }]'),
      environment: { SALLYPORT_UPSTREAMS: 'a=http://a/mcp, b=http://b/mcp?x=y' },
    }
    const names = (more: Partial<Sources>) => load(more).upstreams.map(({ name, url }) => `${name} ${url}`)
    expect(names({ ...sources, upstreamFlags: ['flag=http://g/mcp'] })).toEqual(['flag http://g/mcp'])
    expect(names(sources)).toEqual(['a http://a/mcp', 'b http://b/mcp?x=y'])
    expect(names({ ...sources, environment: {} })).toEqual(['file http://f/mcp'])
  })
})

describe('secrets from files', () => {
  const environment = { SALLYPORT_AUTH_ADMIN_TOKEN_FILE: '/run/secrets/token' }

  it('are read without their last line break', () => {
    const read = (text: string) =>
      load({ environment, readSecretFile: () => text }).settings['auth.adminToken']
    expect(read(`${secret}\n`)).toBe(secret)
    expect(read(`${secret}\r\n`)).toBe(secret)
  })

  it('are not mixed with the variable itself', () => {
    const both = { ...environment, SALLYPORT_AUTH_ADMIN_TOKEN: secret }
    expect(problems({ environment: both })).toEqual([
      'SALLYPORT_AUTH_ADMIN_TOKEN: is set, and so is SALLYPORT_AUTH_ADMIN_TOKEN_FILE; keep one',
    ])
  })

  it('say why they cannot be read, and are never quoted', () => {
    const missing = () => {
      throw Object.assign(new Error('no'), { code: 'ENOENT' })
    }
    const says = 'SALLYPORT_AUTH_ADMIN_TOKEN_FILE: cannot be read (ENOENT)'
    expect(problems({ environment, readSecretFile: missing })).toEqual([says])
    const [short] = problems({ environment, readSecretFile: () => 'hunter2' })
    expect(short).toContain('SALLYPORT_AUTH_ADMIN_TOKEN_FILE: auth.adminToken: must have at least 32')
    expect(short).not.toContain('hunter2')
  })

  it('are for secrets only', () => {
    const read = { environment: { SALLYPORT_LISTEN_PORT_FILE: '/x' }, readSecretFile: () => '1' }
    expect(load(read).settings['listen.port']).toBe(8787)
  })
})

describe('complaints', () => {
  it('come all at once, each with its place', () => {
    const source = [
      'publicUrl: http://mcp.example.com',
      'listen: { port: 99999 }',
      'limts: { enabled: true }',
      'allowedOrigin: [https://app.example.com]',
      'log: { level: loud }',
      'upstreams:',
      '  - name: Code',
      '    url: ftp://x',
      '    identity: exchange',
      '    scope: [a]',
      '    constructor: 1',
      '  - url: http://x/mcp',
    ].join('\n')
    const environment = { SALLYPORT_REQUESTS_DRAIN_SECONDS: '-1' }
    const found = problems({ ...yaml(source), environment, flags: new Map([['store', 'mysql://x']]) })
    const said = (text: string) => found.filter((problem) => problem.includes(text))
    expect(said('sallyport.yaml:1: publicUrl: must be https')).toHaveLength(1)
    expect(said('sallyport.yaml:2: listen.port: must be a whole number from 0 to 65535')).toHaveLength(1)
    expect(said('sallyport.yaml:3: limts.enabled: is no option of this version')).toHaveLength(1)
    expect(said('sallyport.yaml:4: allowedOrigin: ')[0]).toContain('did you mean allowedOrigins?')
    expect(said('sallyport.yaml:5: log.level: must be one of debug | info')).toHaveLength(1)
    expect(said('sallyport.yaml:7: upstreams[0].name: must be lower-case')).toHaveLength(1)
    expect(said('sallyport.yaml:8: upstreams[0].url: must be an absolute http')).toHaveLength(1)
    expect(said('sallyport.yaml:9: upstreams[0].identity: must be one of assertion | ')).toHaveLength(1)
    expect(said('sallyport.yaml:10: upstreams[0].scope: ')[0]).toContain('did you mean scopes?')
    expect(said('sallyport.yaml:11: upstreams[0].constructor: is no option')).toHaveLength(1)
    expect(said('upstreams[1].name: is missing')).toHaveLength(1)
    expect(said('SALLYPORT_REQUESTS_DRAIN_SECONDS: requests.drainSeconds: must be')).toHaveLength(1)
    expect(said('--store: must be sqlite:FILE')).toHaveLength(1)
    expect(found).toHaveLength(13)
  })

  it.each(['${TOKEN}', 'https://${HOST}/', '<your token>', '{{ .Values.token }}', 'x{{TOKEN}}y'])(
    'an unfilled placeholder is refused: %s',
    (text) => {
      const [problem, ...more] = problems({ environment: { SALLYPORT_PUBLIC_URL: text } })
      expect(problem).toBe('SALLYPORT_PUBLIC_URL: publicUrl: still holds a placeholder: fill it in')
      expect(more).toEqual([])
      expect(problems(yaml(`allowedHosts: [a, "${text}"]`))[0]).toContain('placeholder')
      expect(problems({ upstreamFlags: [`a=${text}`] }).join()).toContain('placeholder')
    },
  )

  it.each([['no-equals'], ['=http://x/mcp'], ['']])('an --upstream of %j is refused', (pair) => {
    expect(problems({ upstreamFlags: [pair] })[0]).toBe(
      `--upstream: ${JSON.stringify(pair)} must be NAME=URL`,
    )
  })

  it('two upstreams of one name, or two defaults, are refused', () => {
    const [first, second] = [
      '- { name: a, url: http://a/mcp, default: true }',
      '- { name: a, url: http://b }',
    ]
    expect(problems(yaml(`upstreams:\n  ${first}\n  ${second}`))).toEqual([
      'upstreams: a is there twice; names must differ',
    ])
    expect(problems(yaml(`upstreams:\n  ${first}\n  ${first.replace('name: a', 'name: b')}`))).toEqual([
      'upstreams: more than one is marked default; keep one',
    ])
  })

  it('adminOnMcp needs a token, and the metrics token is another one', () => {
    expect(problems(yaml('auth: { adminOnMcp: true }'))).toEqual(['auth.adminOnMcp: needs auth.adminToken'])
    const same = { SALLYPORT_AUTH_ADMIN_TOKEN: secret, SALLYPORT_TELEMETRY_METRICS_TOKEN: secret }
    expect(problems({ environment: same })).toEqual([
      'telemetry.metrics.token: must differ from auth.adminToken',
    ])
  })
})

it('a mistyped variable is warned of; one that is nothing like ours is not', () => {
  const environment = {
    SALLYPORT_LISTEN_PROT: '1',
    SALLYPORT_SERVICE_HOST_OF_THE_CLUSTER: '10.0.0.1',
    PATH: '',
  }
  const { warnings } = load({ environment })
  expect(warnings).toEqual(['SALLYPORT_LISTEN_PROT: is no option; did you mean SALLYPORT_LISTEN_PORT?'])
})

it('words are trimmed and any letter case will do; an absent setting opens nothing', () => {
  const environment = { SALLYPORT_LOG_LEVEL: ' DEBUG ', SALLYPORT_AUTH_ADMIN_ON_MCP: 'False' }
  const { settings } = load({ environment })
  expect([settings['log.level'], settings['auth.adminOnMcp']]).toEqual(['debug', false])
  const { upstreams } = load(yaml('upstreams: [{ name: a, url: http://a/mcp, identity: NONE }]'))
  expect(upstreams[0]).toMatchObject({ identity: 'none', auth: 'required', default: false })
  const { upstreams: plain } = load({ upstreamFlags: ['a=http://a/mcp'] })
  expect(plain[0]).toMatchObject({ identity: 'assertion', auth: 'required', workspaces: [], scopes: [] })
})
