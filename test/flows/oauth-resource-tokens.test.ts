import { createHmac } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { User } from '../../src/identity/user.ts'
import { ask, initializeCall, openSession, seriesValue } from '../support/asking.ts'
import type { Asked } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { operator, startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { issueTokensFor } from '../support/issued-tokens.ts'
import type { TokenIssuer, Wanted } from '../support/issued-tokens.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

let upstream: RecordingUpstream
let gateway: TestGateway
let tokens: TokenIssuer
let alice: User

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  const { url } = upstream
  gateway = await startGateway({
    upstreams: [
      { name: 'code', url, default: true },
      { name: 'scoped', url, scopes: ['code:read', 'code:write'] },
      { name: 'walled', url, workspaces: ['west'] },
      { name: 'keys', url, accept: ['api_key'] },
      { name: 'tokens', url, accept: ['oauth'] },
      { name: 'theirs', url, identity: 'forward-key', keyPrefix: 'ci_' },
    ],
    settings: { limits: { enabled: false } },
  })
  upstream.trust(gateway.url)
  tokens = await issueTokensFor(gateway)
  alice = await gateway.addUser('alice@example.com')
  await gateway.addUser('alice@example.com', 'west')
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})
beforeEach(() => void (upstream.calls.length = 0))

const call = (key: string, asked: Asked = {}) => ask(gateway.port, { ...asked, key })
const issue = async (wanted: Wanted = {}) => (await tokens.issue({ user: alice, ...wanted })).token
const judged = async (token: string, asked: Asked = {}) => {
  const answer = await call(token, asked)
  return [answer.status, answer.status === 200 ? null : reasonOf(answer)]
}

describe('an access token', () => {
  it('auth 4: reaches the upstream as its user, client, workspace and scopes, and is not forwarded itself', async () => {
    const token = await issue({ scopes: ['code:read'], clientId: 'editor' })
    expect((await call(token)).status).toBe(200)
    expect(upstream.calls[0]?.claims).toMatchObject({
      sub: alice.id,
      client_id: 'editor',
      workspace: 'default',
      scope: 'code:read',
    })
    expect(JSON.stringify(upstream.calls)).not.toContain(token)
  })

  it('auth 3: `bearer` in any letter case', async () => {
    const token = await issue()
    for (const scheme of ['bearer', 'BEARER', 'bEaReR']) {
      const fields = [['Authorization', `${scheme} ${token}`]] as const
      expect((await ask(gateway.port, { fields })).status).toBe(200)
    }
  })

  it('auth 4: is good for its audience alone; the default upstream has two', async () => {
    const [root, named] = [await issue({ resource: '/mcp' }), await issue({ resource: '/mcp/code' })]
    for (const path of ['/mcp', '/mcp/code'])
      for (const token of [root, named]) expect(await judged(token, { path })).toEqual([200, null])
    for (const token of [root, named])
      expect(await judged(token, { path: '/mcp/tokens' })).toEqual([401, 'wrong_audience'])
    const other = await issue({ resource: '/mcp/tokens' })
    expect(await judged(other, { path: '/mcp/tokens' })).toEqual([200, null])
    expect(await judged(other)).toEqual([401, 'wrong_audience'])
    for (const aud of [upstream.url, gateway.url, `${gateway.url}/mcp/cod`, 'http://127.0.0.1:1/mcp', [], 7])
      expect([aud, ...(await judged(await issue({ claims: { aud: aud as string } })))]).toEqual([
        aud,
        401,
        'wrong_audience',
      ])
  })

  it('auth 1: loopback names are equal as audiences, and a slash at the end or upper case changes nothing', async () => {
    const { port } = gateway
    for (const aud of [
      `http://localhost:${port}/mcp`,
      `http://[::1]:${port}/mcp`,
      `${gateway.url}/mcp/`,
      `HTTP://LOCALHOST:${port}/mcp`,
      ['https://elsewhere.example', `${gateway.url}/mcp`],
    ])
      expect([aud, ...(await judged(await issue({ claims: { aud } })))]).toEqual([aud, 200, null])
  })

  it('is refused before and after its time, with five seconds of mercy', async () => {
    const now = Math.floor(Date.now() / 1000)
    const times = (claims: Readonly<Record<string, unknown>>) => issue({ claims })
    expect(await judged(await times({ exp: now - 6 }))).toEqual([401, 'expired'])
    expect(await judged(await times({ exp: now - 2 }))).toEqual([200, null])
    expect(await judged(await times({ nbf: now + 60 }))).toEqual([401, 'not_yet_valid'])
    expect(await judged(await times({ iat: now + 60 }))).toEqual([401, 'not_yet_valid'])
    expect(await judged(await times({ iat: now + 3, nbf: now + 3 }))).toEqual([200, null])
    for (const exp of ['soon', null, -1])
      expect(await judged(await times({ exp }))).toEqual([401, 'malformed_token'])
  })

  it('is verified once: later calls find it in the cache', async () => {
    const token = await issue()
    const used = (outcome: string) =>
      seriesValue(gateway.port, `sallyport_cache_requests_total{cache="token",outcome="${outcome}"}`)
    const before = [await used('miss'), await used('hit')]
    for (let count = 0; count < 3; count += 1) expect((await call(token)).status).toBe(200)
    expect([await used('miss'), await used('hit')]).toEqual([(before[0] ?? 0) + 1, (before[1] ?? 0) + 2])
  })

  it('auth 3: without a scope that is needed gets 403 with every scope in one challenge; broader ones imply it', async () => {
    const path = '/mcp/scoped'
    const resource = path
    for (const scopes of [[], ['code:read'], ['notes:write']]) {
      const answer = await call(await issue({ resource, scopes }), { path })
      expect([answer.status, reasonOf(answer)]).toEqual([403, 'insufficient_scope'])
      expect(answer.headers.get('www-authenticate')).toBe(
        'Bearer error="insufficient_scope", ' +
          `resource_metadata="http://localhost:${gateway.port}/.well-known/oauth-protected-resource${path}", ` +
          'scope="code:read code:write"',
      )
    }
    for (const scopes of [['code:read', 'code:write'], ['code:write'], ['code']])
      expect(await judged(await issue({ resource, scopes }), { path })).toEqual([200, null])
  })

  it('is walled into its workspace', async () => {
    const walled = { path: '/mcp/walled' }
    const resource = walled.path
    expect(await judged(await issue({ resource }), walled)).toEqual([403, 'upstream_not_allowed'])
    expect(await judged(await issue({ resource, workspace: 'west' }), walled)).toEqual([200, null])
  })

  it('is audited with its client and its id', async () => {
    const { token, id } = await tokens.issue({ user: alice, clientId: 'audited' })
    await call(token)
    await expect
      .poll(async () => await gateway.store.audit.list({ actorId: alice.id, action: 'mcp.call', limit: 5 }), {
        timeout: 10_000,
      })
      .toContainEqual(
        expect.objectContaining({
          actorKind: 'user',
          clientId: 'audited',
          credentialId: id,
          outcome: 'success',
        }),
      )
  })
})

describe('a client that acts for itself', () => {
  it('is a service principal: asserted by its own subject, never by a user of the same workspace', async () => {
    const { token, id } = await tokens.issue({ clientId: 'robot', scopes: ['code:read'] })
    expect((await call(token)).status).toBe(200)
    expect(upstream.calls[0]?.claims).toMatchObject({
      sub: 'svc_robot',
      client_id: 'robot',
      workspace: 'default',
      scope: 'code:read',
    })
    await expect
      .poll(async () => await gateway.store.audit.list({ actorId: 'svc_robot', limit: 5 }), {
        timeout: 10_000,
      })
      .toContainEqual(expect.objectContaining({ actorKind: 'service', clientId: 'robot', credentialId: id }))
  })

  it('T51: a token whose subject is not what was issued is nobody’s', async () => {
    const user = await tokens.issue({ user: alice, clientId: 'robot' })
    const now = Math.floor(Date.now() / 1000)
    const common = { iss: gateway.url, aud: `${gateway.url}/mcp`, exp: now + 60, iat: now, scope: '' }
    const claims = { ...common, jti: user.id, client_id: 'robot', workspace: 'default' }
    for (const changed of [
      { sub: 'svc_robot' },
      { sub: alice.id, client_id: 'other' },
      { sub: alice.id, workspace: 'west' },
    ])
      expect(await judged(await tokens.sign({ ...claims, ...changed }))).toEqual([401, 'revoked_token'])
    expect(await judged(await tokens.sign({ ...claims, sub: 'svc_admin' }))).toEqual([401, 'malformed_token'])
    expect(await judged(await tokens.sign({ ...claims, sub: alice.id }))).toEqual([200, null])
  })
})

describe('MCP sessions of access tokens', () => {
  it('T3: a refreshed token keeps its session; another client, workspace or person does not get it', async () => {
    const session = await openSession(gateway.port, await issue({ clientId: 'editor' }))
    expect(await judged(await issue({ clientId: 'editor' }), { session })).toEqual([200, null])
    const bob = await gateway.addUser('bob@example.com')
    for (const wanted of [
      { clientId: 'other' },
      { clientId: 'editor', workspace: 'west' },
      { user: bob, clientId: 'editor' },
    ])
      expect(await judged(await issue(wanted), { session })).toEqual([404, 'session_unknown'])
    const { key } = await gateway.createKey(alice)
    expect(await judged(key, { session })).toEqual([404, 'session_unknown'])
  })

  it('T2: identity is that of this request, not of the one that opened the session', async () => {
    const first = await issue({ clientId: 'editor', scopes: ['code:write'] })
    const session = await openSession(gateway.port, first)
    upstream.calls.length = 0
    await call(await issue({ clientId: 'editor', scopes: ['code:read'] }), { session })
    expect(upstream.calls[0]?.claims).toMatchObject({ scope: 'code:read' })
  })
})

describe('auth 5: a revocation takes effect on the next call', () => {
  it('of the token', async () => {
    const { token, id } = await tokens.issue({ user: alice })
    expect((await call(token)).status).toBe(200)
    await gateway.store.accessTokens.revoke(id, Date.now())
    expect(await judged(token)).toEqual([401, 'revoked_token'])
  })

  it('of the consent', async () => {
    const { token, consentId } = await tokens.issue({ user: alice, clientId: 'consented' })
    expect((await call(token)).status).toBe(200)
    await gateway.store.consents.revoke(consentId ?? '', Date.now(), { kind: 'user', id: alice.id })
    expect(await judged(token)).toEqual([401, 'revoked_token'])
  })

  it('of the client: pending, switched off', async () => {
    await tokens.addClient('waiting', 'pending')
    expect(await judged(await issue({ clientId: 'waiting' }))).toEqual([401, 'client_pending'])
    const token = await issue({ clientId: 'ended' })
    expect((await call(token)).status).toBe(200)
    const change = { from: ['active'], to: 'inactive', action: 'client.revoked', at: Date.now() } as const
    await gateway.store.clients.setStatus('ended', change, {}, operator)
    expect(await judged(token)).toEqual([401, 'client_inactive'])
  })

  it('of the user, and of their place in the workspace', async () => {
    const carol = await gateway.addUser('carol@example.com')
    const token = await issue({ user: carol })
    expect((await call(token)).status).toBe(200)
    await gateway.store.users.setDisabled(carol.id, Date.now(), Date.now(), operator)
    expect(await judged(token)).toEqual([401, 'account_inactive'])
    await gateway.store.users.setDisabled(carol.id, null, Date.now(), operator)
    expect(await judged(token)).toEqual([200, null])
  })

  it('100 of 100 under load', async () => {
    const background = await issue()
    const load = { running: true }
    const callers = Array.from({ length: 2 }, async () => {
      while (load.running) await call(background)
    })
    const seen: unknown[] = []
    for (let round = 0; round < 100; round += 1) {
      const { token, id } = await tokens.issue({ user: alice })
      const before = await call(token)
      await gateway.store.accessTokens.revoke(id, Date.now())
      seen.push([before.status, ...(await judged(token))].join(' '))
    }
    load.running = false
    await Promise.all(callers)
    expect(seen).toEqual(Array.from({ length: 100 }, () => '200 401 revoked_token'))
  })

  it('a token this store never issued, or has swept, is refused', async () => {
    const now = Math.floor(Date.now() / 1000)
    const claims = { iss: gateway.url, sub: alice.id, aud: `${gateway.url}/mcp`, iat: now, exp: now + 60 }
    const token = await tokens.sign({
      ...claims,
      jti: 'gone',
      client_id: 'x',
      scope: '',
      workspace: 'default',
    })
    expect(await judged(token)).toEqual([401, 'revoked_token'])
  })

  it('notes the first use of a token, and the last of its consent', async () => {
    const { token, id } = await tokens.issue({ user: alice, clientId: 'noted' })
    await call(token)
    await expect
      .poll(() => gateway.store.accessTokens.findForCall(id), { timeout: 10_000 })
      .toMatchObject({
        usedAt: expect.any(Number) as number,
      })
  })
})

describe('attacks on the token itself', () => {
  const claims = () => {
    const now = Math.floor(Date.now() / 1000)
    return {
      iss: gateway.url,
      sub: alice.id,
      aud: `${gateway.url}/mcp`,
      exp: now + 60,
      iat: now,
      jti: 'attack',
      client_id: 'client-one',
      scope: '',
      workspace: 'default',
    }
  }
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const refused = async (token: string, reason: string) => {
    const answer = await call(token)
    expect([answer.status, reasonOf(answer)]).toEqual([401, reason])
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"')
    expect(upstream.calls).toHaveLength(0)
  }

  it('algorithm confusion: none, HMAC with the public key, RSA', async () => {
    const header = { typ: 'at+jwt', kid: tokens.keyId }
    await refused(`${encode({ ...header, alg: 'none' })}.${encode(claims())}.`, 'bad_algorithm')
    await refused(`${encode({ ...header, alg: 'None' })}.${encode(claims())}.`, 'bad_algorithm')
    const { body } = await ask(gateway.port, { method: 'GET', path: '/.well-known/jwks.json' })
    const { keys } = JSON.parse(body) as { keys: { kid: string; kty: string }[] }
    const jwk = keys.find(({ kid }) => kid === tokens.keyId)
    expect(jwk).toMatchObject({ kty: 'EC' })
    const key = await importJWK({ ...jwk, kty: 'EC' }, 'ES256', { extractable: true })
    if (key instanceof Uint8Array) throw new Error('no public key')
    for (const secret of [await exportSPKI(key), JSON.stringify(jwk)]) {
      const signed = `${encode({ ...header, alg: 'HS256' })}.${encode(claims())}`
      await refused(
        `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`,
        'bad_algorithm',
      )
    }
    const { privateKey } = await generateKeyPair('RS256')
    const rsa = new SignJWT(claims()).setProtectedHeader({ ...header, alg: 'RS256' })
    await refused(await rsa.sign(privateKey), 'bad_algorithm')
  })

  it('another key: by the same kid, embedded, by URL, by no kid', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true })
    const jwk = await exportJWK(publicKey)
    const sign = (header: object) =>
      new SignJWT(claims()).setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header }).sign(privateKey)
    await refused(await sign({ kid: tokens.keyId }), 'bad_signature')
    await refused(await sign({ kid: 'mine', jwk }), 'bad_signature')
    await refused(await sign({ kid: tokens.keyId, jwk }), 'bad_signature')
    await refused(await sign({ jwk }), 'bad_signature')
    await refused(
      await sign({ kid: 'mine', jku: `${upstream.url}/jwks`, x5u: upstream.url }),
      'bad_signature',
    )
    await refused(await sign({}), 'bad_signature')
    await refused(await sign({ kid: '__proto__' }), 'bad_signature')
  })

  it('altered claims, a cut signature, critical headers', async () => {
    const token = await issue()
    const [head = '', , signature = ''] = token.split('.')
    await refused(`${head}.${encode({ ...claims(), scope: '*' })}.${signature}`, 'bad_signature')
    await refused(`${head}.${encode(claims())}.${signature.slice(0, 20)}`, 'bad_signature')
    await refused(`${head}.${encode(claims())}.`, 'bad_signature')
    await refused(await tokens.sign(claims(), { crit: ['b64'], b64: true }), 'malformed_token')
  })

  it('T49: a token of another type with our keys: ID token, assertion, plain JWT', async () => {
    for (const typ of ['JWT', 'sallyport-assertion+jwt', 'logout+jwt', ''])
      await refused(await tokens.sign(claims(), { typ }), 'malformed_token')
    const { key } = await gateway.createKey(alice)
    await call(key)
    const assertion = upstream.calls[0]?.headers.authorization?.slice('Bearer '.length) ?? ''
    upstream.calls.length = 0
    await refused(assertion, 'malformed_token')
  })

  it('an issuer that is almost ours is unknown', async () => {
    for (const iss of [
      `${gateway.url}/`,
      gateway.url.replace('127.0.0.1', 'localhost'),
      'https://evil.example',
    ])
      await refused(await tokens.sign({ ...claims(), iss }), 'unknown_issuer')
    await refused(await tokens.sign({ ...claims(), iss: undefined } as never), 'malformed_token')
  })

  it('claims that are missing or of another kind', async () => {
    for (const missing of ['sub', 'jti', 'client_id', 'workspace', 'scope', 'iat', 'exp']) {
      const { [missing]: _, ...rest } = claims() as Record<string, unknown>
      await refused(await tokens.sign(rest), 'malformed_token')
    }
    await refused(await tokens.sign({ ...claims(), workspace: ['default'] }), 'malformed_token')
  })

  it('auth 4: a token in the query is refused, whatever the name', async () => {
    const token = await issue()
    for (const path of [`/mcp?access_token=${token}`, `/mcp?token=${token}`])
      expect((await ask(gateway.port, { path })).status).toBe(400)
    const fields = [['Authorization', `Bearer ${token}`] as const]
    expect(reasonOf(await call(token, { fields }))).toBe('two_credentials')
  })
})

describe('accept', () => {
  it('without oauth an access token is no credential there, and nothing hints at OAuth', async () => {
    const token = await issue({ resource: '/mcp/keys' })
    const answer = await call(token, { path: '/mcp/keys' })
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'malformed_token'])
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="The token is no credential of this gateway. ' +
        '(this server takes API keys only)"',
    )
    const none = await ask(gateway.port, { path: '/mcp/keys' })
    expect([none.status, none.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  it('without api_key a good key is refused unjudged, and the challenge leads to sign-in', async () => {
    const { key } = await gateway.createKey(alice)
    const answer = await call(key, { path: '/mcp/tokens' })
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'unknown_key'])
    expect(answer.headers.get('www-authenticate')).toContain('takes access tokens only')
    expect(answer.headers.get('www-authenticate')).toContain('resource_metadata=')
    expect(await judged(await issue({ resource: '/mcp/tokens' }), { path: '/mcp/tokens' })).toEqual([
      200,
      null,
    ])
  })

  it('an upstream with keys of its own takes no access token either', async () => {
    const token = await issue({ resource: '/mcp/theirs' })
    const answer = await call(token, { path: '/mcp/theirs', body: initializeCall() })
    expect([answer.status, reasonOf(answer)]).toEqual([403, 'upstream_needs_own_key'])
    expect(answer.headers.has('www-authenticate')).toBe(false)
  })
})
