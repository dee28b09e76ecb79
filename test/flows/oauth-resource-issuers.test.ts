import { createHmac } from 'node:crypto'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../../src/lib/hash.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { ask, openSession, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startJwksIssuer } from '../support/jwks-issuer.ts'
import type { JwksIssuer } from '../support/jwks-issuer.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const audience = 'https://mcp.example.com'
let upstream: RecordingUpstream
let company: JwksIssuer
let partner: JwksIssuer
let gateway: TestGateway
/** Milliseconds the gateway's clock is ahead. */
let ahead = 0

beforeAll(async () => {
  upstream = await startRecordingUpstream({ now: () => Date.now() + ahead })
  company = await startJwksIssuer()
  partner = await startJwksIssuer()
  gateway = await startGateway({
    clock: { now: () => systemClock.now() + ahead, monotonic: () => systemClock.monotonic() + ahead },
    upstreams: [
      { name: 'code', url: upstream.url, default: true },
      { name: 'scoped', url: upstream.url, scopes: ['code:read'] },
      { name: 'walled', url: upstream.url, workspaces: ['west'] },
      { name: 'keys', url: upstream.url, accept: ['api_key'] },
    ],
    settings: {
      limits: { enabled: false },
      auth: {
        issuers: [
          {
            issuer: company.issuer,
            audience,
            jwksUri: company.jwksUri,
            workspaceClaim: 'https://claims/tenant',
          },
          {
            issuer: partner.issuer,
            audience,
            jwksUri: partner.jwksUri,
            workspace: 'partners',
            scopesClaim: 'roles',
          },
        ],
      },
    },
  })
  upstream.trust(gateway.url)
})
afterAll(async () => {
  await gateway.close()
  await Promise.all([upstream.close(), company.close(), partner.close()])
})
beforeEach(() => {
  upstream.calls.length = 0
  company.misbehave(null)
  // Past every pause between two questions for keys.
  ahead += 60_000
})

const call = (key: string, asked: Asked = {}) => ask(gateway.port, { ...asked, key })
const judged = async (token: string, asked: Asked = {}) => {
  const answer = await call(token, asked)
  return [answer.status, answer.status === 200 ? null : reasonOf(answer)]
}
const claims = (more: JWTPayload = {}): JWTPayload => {
  const now = Math.floor((Date.now() + ahead) / 1000)
  return {
    iss: company.issuer,
    sub: 'alice',
    aud: audience,
    exp: now + 600,
    iat: now,
    jti: 'theirs',
    scope: 'code:read other',
    client_id: 'their-client',
    'https://claims/tenant': 'west',
    ...more,
  }
}
const fromPartner = (more: JWTPayload = {}) => {
  const { 'https://claims/tenant': _, ...rest } = claims({ iss: partner.issuer, ...more })
  return rest
}
const jwks = (outcome: string) =>
  seriesValue(gateway.port, `sallyport_cache_requests_total{cache="jwks",outcome="${outcome}"}`)

describe('a token of another issuer', () => {
  it('is accepted beside our own: subject, client, scopes, and the workspace of its claim', async () => {
    expect((await call(await company.sign(claims()))).status).toBe(200)
    const sub = `ext_${sha256Hex(`${company.issuer}\nalice`).slice(0, 32)}`
    expect(upstream.calls[0]?.claims).toMatchObject({
      sub,
      workspace: 'west',
      client_id: 'their-client',
      scope: 'code:read other',
    })
    expect(await judged(await company.sign(claims()), { path: '/mcp/walled' })).toEqual([200, null])
    expect(
      await judged(await company.sign(claims({ 'https://claims/tenant': 'east' })), { path: '/mcp/walled' }),
    ).toEqual([403, 'upstream_not_allowed'])
    expect(await judged(await company.sign(claims({ scope: 'other' })), { path: '/mcp/scoped' })).toEqual([
      403,
      'insufficient_scope',
    ])
  })

  it('T3: two issuers with one subject are two callers: asserted apart, and their sessions too', async () => {
    const [ours, theirs] = [
      await company.sign(claims()),
      await partner.sign(fromPartner({ roles: ['code:read'] })),
    ]
    const session = await openSession(gateway.port, ours)
    expect(await judged(theirs, { session })).toEqual([404, 'session_unknown'])
    expect(await judged(await company.sign(claims({ jti: 'refreshed' })), { session })).toEqual([200, null])
    upstream.calls.length = 0
    await call(ours)
    await call(theirs)
    const [first, second] = upstream.calls.map(({ claims: seen }) => seen)
    expect(first?.sub).not.toBe(second?.sub)
    expect(second).toMatchObject({ workspace: 'partners', scope: 'code:read' })
  })

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA', 'ES384'])('may be signed with %s', async (algorithm) => {
    await company.rotate(algorithm)
    expect(await judged(await company.sign(claims()))).toEqual([200, null])
  })

  it('must name its audience, exactly', async () => {
    for (const aud of ['https://mcp.example.com/', 'other', [], undefined])
      expect([aud, ...(await judged(await company.sign(claims({ aud: aud as string }))))]).toEqual([
        aud,
        401,
        'wrong_audience',
      ])
    expect(await judged(await company.sign(claims({ aud: ['other', audience] })))).toEqual([200, null])
  })

  it('must be in time', async () => {
    const now = Math.floor((Date.now() + ahead) / 1000)
    expect(await judged(await company.sign(claims({ exp: now - 6 })))).toEqual([401, 'expired'])
    expect(await judged(await company.sign(claims({ nbf: now + 60 })))).toEqual([401, 'not_yet_valid'])
    const token = await company.sign(claims({ exp: now + 30 }))
    expect(await judged(token)).toEqual([200, null])
    ahead += 36_000
    expect(await judged(token)).toEqual([401, 'expired'])
  })

  it('must name a workspace by a valid name: else its holder may not come in at all', async () => {
    for (const tenant of [undefined, '', 'No Such', '../x', 7, ['west'], 'a'.repeat(70)]) {
      const token = await company.sign(claims({ 'https://claims/tenant': tenant }))
      expect([tenant, ...(await judged(token))]).toEqual([tenant, 403, 'upstream_not_allowed'])
    }
  })

  it('must have a subject', async () => {
    for (const sub of [undefined, '', 'a\nb', 'x'.repeat(256)])
      expect(await judged(await company.sign(claims({ sub: sub as string })))).toEqual([
        401,
        'malformed_token',
      ])
  })

  it('is found by its exact issuer: another one is unknown, and one cannot sign for the other', async () => {
    for (const iss of [`${company.issuer}/`, 'https://evil.example', ''])
      expect(await judged(await company.sign(claims({ iss })))).toEqual([401, 'unknown_issuer'])
    expect(await judged(await company.sign(fromPartner()))).toEqual([401, 'bad_signature'])
    const forged = claims({ iss: gateway.url, jti: 'forged', workspace: 'default' })
    expect(await judged(await company.sign(forged))).toEqual([401, 'bad_algorithm'])
    await company.rotate('ES256')
    expect(await judged(await company.sign(forged))).toEqual([401, 'bad_signature'])
  })

  it('algorithm confusion: none, and HMAC with the public key', async () => {
    const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const keys = await (await fetch(company.jwksUri)).text()
    const none = `${encode({ alg: 'none', typ: 'at+jwt' })}.${encode(claims())}.`
    expect(await judged(none)).toEqual([401, 'bad_algorithm'])
    const signed = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${encode(claims())}`
    const mac = createHmac('sha256', keys).update(signed).digest('base64url')
    expect(await judged(`${signed}.${mac}`)).toEqual([401, 'bad_algorithm'])
  })

  it('T49: an ID token is no access token, whatever it calls itself', async () => {
    const plain = { typ: 'JWT' }
    const sign = (more: JWTPayload, header = plain) => company.sign(claims(more), header)
    expect(await judged(await sign({}))).toEqual([200, null])
    expect(await judged(await sign({ client_id: undefined }))).toEqual([200, null])
    for (const more of [
      { nonce: 'n' },
      { at_hash: 'h' },
      { typ: 'ID' },
      { token_use: 'id' },
      { scope: undefined, client_id: undefined, azp: 'their-client' },
    ])
      expect(await judged(await sign(more as JWTPayload))).toEqual([401, 'malformed_token'])
    for (const typ of ['id_token', 'logout+jwt', 'dpop+jwt'])
      expect(await judged(await sign({}, { typ }))).toEqual([401, 'malformed_token'])
  })

  it('is no credential where OAuth is off', async () => {
    expect(await judged(await company.sign(claims()), { path: '/mcp/keys' })).toEqual([
      401,
      'malformed_token',
    ])
  })
})

describe('the keys of another issuer', () => {
  it('are asked for once for many calls, and a new key is found by its id', async () => {
    await call(await company.sign(claims()))
    const before = company.asked
    const hits = await jwks('hit')
    for (let count = 0; count < 5; count += 1)
      expect((await call(await company.sign(claims({ jti: `${count}` })))).status).toBe(200)
    expect([company.asked, await jwks('hit')]).toEqual([before, hits + 5])
    ahead += 30_000
    await company.rotate()
    expect(await judged(await company.sign(claims()))).toEqual([200, null])
    expect(company.asked).toBe(before + 1)
  })

  it('T41: made-up key ids become one question in thirty seconds', async () => {
    await call(await company.sign(claims()))
    const before = company.asked
    for (let count = 0; count < 20; count += 1)
      expect(await judged(await company.sign(claims(), { kid: `made-up-${count}` }))).toEqual([
        401,
        'bad_signature',
      ])
    expect(company.asked).toBe(before + 1)
  })

  it('T8: while the issuer is silent, known keys go on, and what cannot be judged is 503', async () => {
    const known = () => company.sign(claims({ jti: crypto.randomUUID() }))
    expect(await judged(await known())).toEqual([200, null])
    company.misbehave((response) => response.destroy())
    const errors = await jwks('error')
    expect(await judged(await known())).toEqual([200, null])
    ahead += 60_000
    const strange = await company.sign(claims(), { kid: 'new-one' })
    const answer = await call(strange)
    expect([answer.status, reasonOf(answer)]).toEqual([503, 'issuer_unavailable'])
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(await jwks('error')).toBe(errors + 1)
    // After six hours a key might long have been withdrawn.
    ahead += 6 * 3_600_000
    expect(await judged(await known())).toEqual([503, 'issuer_unavailable'])
    company.misbehave(null)
    ahead += 1000
    expect(await judged(await known())).toEqual([200, null])
  })

  it.each([
    ['an error', (response) => void response.writeHead(500).end()],
    ['a redirect', (response) => void response.writeHead(302, { location: 'http://127.0.0.1:9/' }).end()],
    ['no JSON', (response) => void response.end('<html>')],
    ['no keys', (response) => void response.end('{"keys":[]}')],
    ['too much', (response) => void response.end(`{"keys":[${' '.repeat(300_000)}]}`)],
  ] as const satisfies readonly (readonly [string, Parameters<JwksIssuer['misbehave']>[0]])[])(
    'an answer with %s is an outage',
    async (_, instead) => {
      ahead += 7 * 3_600_000
      company.misbehave(instead)
      expect(await judged(await company.sign(claims()))).toEqual([503, 'issuer_unavailable'])
    },
  )

  it('a withdrawn key verifies no more, ten minutes and one call later, cached tokens included', async () => {
    const old = await company.rotate()
    const token = await company.sign(claims({ exp: Math.floor((Date.now() + ahead) / 1000) + 7200 }))
    expect(await judged(token)).toEqual([200, null])
    company.withdraw(old)
    expect(await judged(token)).toEqual([200, null])
    ahead += 601_000
    // Its keys are asked for again, and nobody waits for that.
    expect(await judged(token)).toEqual([200, null])
    ahead += 301_000
    expect(await judged(token)).toEqual([401, 'bad_signature'])
  })
})
