import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { attributionModes } from '../../src/telemetry/attribution.ts'
import { startGateway } from '../support/gateway.ts'
import { issueTokensFor } from '../support/issued-tokens.ts'
import { startJwksIssuer } from '../support/jwks-issuer.ts'
import { OauthCaller } from '../support/oauth-caller.ts'
import { startOtlpCollector } from '../support/otlp-collector.ts'
import type { OtlpCollector } from '../support/otlp-collector.ts'
import type { SeenSpan } from '../support/otlp-read.ts'
import { meet } from '../support/person.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

let collector: OtlpCollector
let upstream: RecordingUpstream
let ends: AsyncDisposableStack
beforeEach(async () => {
  ends = new AsyncDisposableStack()
  collector = await startOtlpCollector()
  upstream = await startRecordingUpstream({ assertion: false })
  for (const end of [collector, upstream]) ends.defer(() => end.close())
})
afterEach(() => ends.disposeAsync())

const identity = /^(?:user|enduser)\.|hash|attribution|principal|subject|session/
const identityOf = ({ attributes }: SeenSpan) =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => identity.test(name)))

async function start(mode: (typeof attributionModes)[number]) {
  const issuer = await startJwksIssuer()
  ends.defer(() => issuer.close())
  const key = 'pseudonym-key-0123456789abcdef-0123456789'
  const theirs = { issuer: issuer.issuer, jwksUri: issuer.jwksUri, audience: 'mcp', workspace: 'default' }
  const gateway = await startGateway({
    upstreams: [
      { name: 'code', url: upstream.url, default: true, identity: 'none' },
      { name: 'open', url: upstream.url, auth: 'optional', identity: 'none' },
    ],
    settings: {
      auth: { issuers: [theirs] },
      telemetry: {
        attribution: mode === 'off' ? { mode } : { mode, key },
        traces: { endpoint: collector.url, sampleRatio: 1 },
      },
    },
  })
  ends.defer(() => gateway.close())
  return { gateway, issuer }
}

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
const typed = ['Content-Type', 'application/json'] as const

describe.each(attributionModes)('attribution %s', (mode) => {
  it('names the subject of a token: a user by any client, a client for itself, a user of another issuer', async () => {
    const { gateway, issuer } = await start(mode)
    const user = await gateway.addUser('jane@example.com')
    const tokens = await issueTokensFor(gateway)
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer.issuer,
      sub: 'eve',
      aud: 'mcp',
      iat: now,
      exp: now + 600,
      jti: 'one',
      scope: '',
    }
    const callers = [
      { token: (await tokens.issue({ user, clientId: 'editor' })).token, subject: user.id },
      { token: (await tokens.issue({ user, clientId: 'terminal' })).token, subject: user.id },
      { token: (await tokens.issue({ clientId: 'robot' })).token, subject: 'svc_robot' },
      { token: await issuer.sign(claims), subject: 'eve' },
    ]
    for (const { token } of callers) {
      const fields = [['Authorization', `Bearer ${token}`], typed] as const
      expect((await sendRaw(gateway.port, rawRequest('POST', '/mcp', fields, ping)))?.status).toBe(200)
    }
    // One that has ended is nobody's, and so is none at all where that is enough.
    const expired = await tokens.issue({ user, lifetime: -60 })
    const refused = [['Authorization', `Bearer ${expired.token}`], typed] as const
    for (const path of ['/mcp', '/mcp/open']) {
      expect((await sendRaw(gateway.port, rawRequest('POST', path, refused, ping)))?.status).toBe(401)
    }
    expect((await sendRaw(gateway.port, rawRequest('POST', '/mcp/open', [typed], ping)))?.status).toBe(200)
    await gateway.serving.stop()

    const servers = collector.spans.filter(({ kind }) => kind === 2)
    expect(servers).toHaveLength(callers.length + 3)
    const named = servers.map(identityOf)
    const known = named.slice(0, callers.length)
    expect(named.slice(callers.length)).toEqual([{}, {}, {}])
    if (mode === 'off') expect(known).toEqual(callers.map(() => ({})))
    if (mode === 'id') expect(known).toEqual(callers.map(({ subject }) => ({ 'user.id': subject })))
    if (mode === 'hash') {
      const hashes = known.map((span) => String(span['user.hash']))
      for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{32}$/)
      // By subject and issuer, whichever client acts.
      expect(hashes[1]).toBe(hashes[0])
      expect(new Set(hashes).size).toBe(3)
    }
    expect(collector.spans.filter(({ kind }) => kind === 3).map(identityOf)).toEqual(
      Array.from({ length: callers.length + 1 }, () => ({})),
    )
  })

  it('names nobody on pages and at the authorization server, whoever is signed in', async () => {
    const { gateway } = await start(mode)
    const jane = await meet(gateway, 'jane@example.com')
    const oauth = new OauthCaller(gateway.url)
    const client = await oauth.register()
    const { access, refresh } = await oauth.connect(jane, client, { scope: 'openid' })
    await oauth.refresh(client, refresh)
    // What is turned away has a span: with a cookie, with a token, and with a form of hers.
    await jane.browser.post('/account/keys/revoke', { token: 'forged', id: 'any' })
    await jane.browser.get('/account', { Origin: 'https://evil.example' })
    await jane.follow(oauth.begin(client.id, { redirect_uri: 'https://elsewhere.example/' }).url)
    await oauth.refresh(client, 'nobodys', { client_secret: 'wrong' })
    const authorization = `Bearer ${access}`
    await oauth.send('/oauth/userinfo', { headers: { authorization, origin: 'https://evil.example' } })
    await oauth.redeem(client, 'nobodys', 'x'.repeat(43), {}, { authorization })
    const page = await sendRaw(gateway.port, rawRequest('GET', '/metrics'))
    await gateway.serving.stop()

    expect(collector.spans.length).toBeGreaterThan(3)
    expect(collector.spans.map(identityOf)).toEqual(collector.spans.map(() => ({})))
    const spans = JSON.stringify(collector.spans, (_, value: unknown) =>
      typeof value === 'bigint' ? '' : value,
    )
    const said = `${spans} ${page?.body} ${gateway.logged.join('')}`
    for (const word of [jane.userId, 'jane', client.id]) expect(said).not.toContain(word)
  })
})
