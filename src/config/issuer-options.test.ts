import { describe, expect, it } from 'vitest'
import { loadConfig } from './load.ts'

const load = (source: string | null, environment: Readonly<Record<string, string>> = {}) =>
  loadConfig({
    flags: new Map(),
    upstreamFlags: [],
    environment,
    file: source === null ? null : { name: 'f', source },
    readSecretFile: () => '',
  })
const problems = (source: string) => {
  const loaded = load(source)
  return 'problems' in loaded ? loaded.problems : []
}

const good = `
      issuer: https://id.example.com
      audience: mcp
      jwksUri: https://id.example.com/keys`
const list = (...entries: string[]) =>
  `auth:\n  issuers:${entries.map((entry) => `\n    - ${entry.trim()}`).join('')}\n`

describe('auth.issuers', () => {
  it('reads a list of records', () => {
    const loaded = load(list(`${good}\n      workspaceClaim: https://x/tenant\n      scopesClaim: roles`))
    expect('config' in loaded && loaded.config.settings['auth.issuers']).toEqual([
      {
        issuer: 'https://id.example.com',
        audience: 'mcp',
        jwksUri: 'https://id.example.com/keys',
        workspace: { claim: 'https://x/tenant' },
        scopesClaim: 'roles',
      },
    ])
  })

  it('reads the same as JSON from a variable, and complains of what is none', () => {
    const entry = {
      issuer: 'http://127.0.0.1:9',
      audience: 'a',
      jwksUri: 'http://localhost:9/k',
      workspace: 'w',
    }
    const loaded = load(null, { SALLYPORT_AUTH_ISSUERS: JSON.stringify([entry]) })
    expect('config' in loaded && loaded.config.settings['auth.issuers']).toMatchObject([
      { workspace: { name: 'w' }, scopesClaim: null },
    ])
    for (const text of ['nonsense', '{}', '[1]'])
      expect(load(null, { SALLYPORT_AUTH_ISSUERS: text })).toMatchObject({
        problems: [expect.stringMatching(/^SALLYPORT_AUTH_ISSUERS: auth\.issuers(\[0\])?: must be a /)],
      })
  })

  it('refuses an entry without audience or workspace, by its line', () => {
    const source = list(
      `${good}\n      workspace: a`,
      'issuer: https://other.example\n      jwksUri: https://other.example/k',
    )
    expect(problems(source)).toEqual([
      'f:7: auth.issuers[1]: audience: is missing; without it a token made for any other server would be accepted here',
      expect.stringMatching(/^f:7: auth\.issuers\[1\]: workspaceClaim: is missing; name the claim/),
    ])
  })

  it.each([
    ['jwksUri: http://id.example.com/keys', 'jwksUri: must be https, because id.example.com is not loopback'],
    ['issuer: http://id.example.com', 'issuer: must be https'],
    ['issuer: https://id.example.com?x=1', 'issuer: must not carry a query'],
    ['audience: ""', 'audience: must be an audience, and is empty'],
    ['workspace: No Such', 'workspace: is no workspace name'],
    ['audience: ${AUDIENCE}', 'audience: still holds a placeholder'],
  ])('refuses %s', (line, complaint) => {
    const key = line.slice(0, line.indexOf(':'))
    const rows = `${good}\n      workspace: a`
      .split('\n')
      .map((row) => (row.trim().startsWith(`${key}:`) ? `      ${line}` : row))
    expect(problems(list(rows.join('\n')))).toEqual([
      expect.stringContaining(`f:3: auth.issuers[0]: ${complaint}`),
    ])
  })

  it('refuses both mappings, unknown options, an issuer that is there twice, and this gateway itself', () => {
    const entry = `${good}\n      workspace: a`
    expect(problems(list(`${entry}\n      workspaceClaim: b`))).toEqual([
      'f:3: auth.issuers[0]: workspace: is set, and so is workspaceClaim; keep one',
    ])
    expect(problems(list(`${entry}\n      jwksUrl: x`))).toEqual([
      'f:3: auth.issuers[0]: jwksUrl: is no option of an issuer',
    ])
    expect(problems(list(entry, entry))).toEqual([
      'f:7: auth.issuers[1]: https://id.example.com is there twice',
    ])
    expect(problems(`publicUrl: https://ID.example.com/\n${list(entry)}`)).toEqual([
      'auth.issuers: names this gateway itself; its own tokens are accepted without that',
    ])
  })
})

describe('accept', () => {
  const accept = (words: string) => {
    const loaded = load(`upstreams:\n  - name: a\n    url: http://127.0.0.1:1/mcp\n    accept: ${words}\n`)
    return 'config' in loaded ? loaded.config.upstreams[0]?.accept : loaded.problems
  }

  it('takes api_key and oauth, in any letter case, and nothing else', () => {
    expect(accept('[oauth]')).toEqual(['oauth'])
    expect(accept('[OAuth, " API_KEY ", oauth]')).toEqual(['oauth', 'api_key'])
    expect(accept('[]')).toEqual([])
    expect(accept('[basic]')).toEqual([
      'f:4: upstreams[0].accept: has "basic", which is none of api_key, oauth',
    ])
  })
})
