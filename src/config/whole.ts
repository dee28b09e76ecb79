import type { GlobalSettings } from './options.ts'
import type { UpstreamSettings } from './upstream-options.ts'

/** What is wrong with options that are each fine alone. */
export function wholeProblems(settings: GlobalSettings, upstreams: readonly UpstreamSettings[]): string[] {
  const problems: string[] = []
  const names = new Set<string>()
  for (const { name } of upstreams) {
    if (names.has(name)) problems.push(`upstreams: ${name} is there twice; names must differ`)
    names.add(name)
  }
  if (upstreams.filter((upstream) => upstream.default).length > 1) {
    problems.push('upstreams: more than one is marked default; keep one')
  }
  if (settings['auth.issuers'].some(({ issuer }) => sameIssuer(issuer, settings.publicUrl))) {
    problems.push('auth.issuers: names this gateway itself; its own tokens are accepted without that')
  }
  if (settings['auth.adminOnMcp'] && settings['auth.adminToken'] === null) {
    problems.push('auth.adminOnMcp: needs auth.adminToken')
  }
  for (const upstream of upstreams) problems.push(...upstreamProblems(upstream))
  for (const key of ['auth.adminToken', 'telemetry.metrics.token'] as const) {
    for (const { name, keyPrefix } of upstreams) {
      // It would be forwarded as if it were a key of that upstream's.
      if (keyPrefix !== null && settings[key]?.startsWith(keyPrefix))
        problems.push(`${key}: begins with the keyPrefix of ${name}; make another`)
    }
  }
  if (settings['telemetry.attribution.mode'] === 'hash' && settings['telemetry.attribution.key'] === null) {
    problems.push(
      'telemetry.attribution.mode: hash needs telemetry.attribution.key: make one with `openssl rand -base64 32`',
    )
  }
  problems.push(...keyIdProblems(settings), ...sharedSecretProblems(settings), ...providerProblems(settings))
  return problems
}

function sameIssuer(issuer: string, publicUrl: string | null): boolean {
  const plain = (url: string | null) => (url === null ? null : URL.parse(url)?.href.replace(/\/$/, ''))
  return publicUrl !== null && plain(issuer) === plain(publicUrl)
}

/** What each provider cannot work without. */
const providerNeeds = {
  http_api: ['auth.httpApi.url'],
  github: ['auth.github.clientId', 'auth.github.clientSecret'],
  gitea: ['auth.gitea.url', 'auth.gitea.clientId', 'auth.gitea.clientSecret'],
  gitlab: ['auth.gitlab.clientId', 'auth.gitlab.clientSecret'],
  microsoft: ['auth.microsoft.tenant', 'auth.microsoft.clientId', 'auth.microsoft.clientSecret'],
  oidc: ['auth.oidc.issuer', 'auth.oidc.clientId', 'auth.oidc.clientSecret'],
} as const

function providerProblems(settings: GlobalSettings): string[] {
  const problems: string[] = []
  const chosen = settings['auth.providers']
  for (const [provider, keys] of Object.entries(providerNeeds)) {
    if (!chosen.includes(provider)) continue
    const missing = keys.filter((key) => settings[key] === null)
    if (missing.length > 0) problems.push(`auth.providers: ${provider} needs ${missing.join(' and ')}`)
  }
  const asked = settings['auth.httpApi.auth'] !== 'none'
  if (chosen.includes('http_api') && asked && settings['auth.httpApi.secret'] === null)
    problems.push('auth.httpApi.auth: needs auth.httpApi.secret')
  return problems
}

/** The id beside a hash says which key made it. */
function keyIdProblems(settings: GlobalSettings): string[] {
  const previous = settings['telemetry.attribution.previousKeys'].map((entry) => entry.split(':', 1)[0] ?? '')
  const ids = [settings['telemetry.attribution.keyId'], ...previous]
  return ids.length === new Set(ids).size
    ? []
    : ['telemetry.attribution.previousKeys: each id must differ from the others and from keyId']
}

const secretOptions = [
  'auth.adminToken',
  'secretsKey',
  'telemetry.metrics.token',
  'telemetry.analytics.token',
  'telemetry.attribution.key',
  'auth.httpApi.secret',
] as const

/** Each secret has one use: so that each can leak, and be changed, alone (T36). */
function sharedSecretProblems(settings: GlobalSettings): string[] {
  const problems: string[] = []
  const uses = new Map<string, string>()
  const use = (key: string, secret: string | null) => {
    if (secret === null) return
    const other = uses.get(secret)
    if (other === undefined) uses.set(secret, key)
    else problems.push(`${key}: must differ from ${other}`)
  }
  for (const key of secretOptions) use(key, settings[key])
  for (const entry of settings['telemetry.attribution.previousKeys'])
    use('telemetry.attribution.previousKeys', entry.slice(entry.indexOf(':') + 1))
  return problems
}

function upstreamProblems(upstream: UpstreamSettings): string[] {
  const { name, identity, keyPrefix, workspaces } = upstream
  const problems: string[] = []
  const say = (text: string) => problems.push(`upstreams: ${name}: ${text}`)
  const forwards = identity === 'forward-key'
  if (forwards && keyPrefix === null) say('identity forward-key needs keyPrefix')
  if (!forwards && keyPrefix !== null) say('keyPrefix is for identity forward-key only')
  if (forwards && workspaces.length > 1) {
    say('identity forward-key takes one workspace, the one all its callers belong to')
  }
  if (forwards && upstream.auth === 'optional')
    say('auth optional cannot be combined with identity forward-key')
  if (forwards && upstream.scopes.length > 0)
    say('scopes cannot be asked of forwarded keys, which carry none')
  if (forwards && upstream.accept.length > 0)
    say('accept is not for identity forward-key, which takes only its own keys')
  if ((identity === 'static') !== (upstream['static.value'] !== null)) {
    say(identity === 'static' ? 'identity static needs static.value' : 'static is for identity static only')
  }
  if ((upstream['clientCertificate.cert'] === null) !== (upstream['clientCertificate.key'] === null)) {
    say('clientCertificate needs both cert and key')
  }
  const tls = upstream.ca !== null || upstream['clientCertificate.cert'] !== null
  if (tls && !upstream.url.startsWith('https:')) say('ca and clientCertificate need an https url')
  if (upstream.auth === 'optional' && identity === 'static') {
    say(
      'auth optional cannot be combined with identity static: strangers would act with the service credential',
    )
  }
  if (upstream.auth === 'optional' && workspaces.length > 0) {
    say('auth optional cannot be combined with workspaces, to none of which an anonymous caller belongs')
  }
  if (upstream.auth === 'optional' && upstream.scopes.length > 0) {
    say('auth optional cannot be combined with scopes, which an anonymous caller never has')
  }
  return problems
}
