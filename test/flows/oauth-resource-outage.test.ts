import { DatabaseSync } from 'node:sqlite'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, seriesValue } from '../support/asking.ts'
import { reasonOf } from '../support/edge.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { issueTokensFor } from '../support/issued-tokens.ts'
import type { TokenIssuer } from '../support/issued-tokens.ts'
import { hasPostgres, startPostgres } from '../support/postgres.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

const adminToken = 'admin-token-0123456789abcdef-0123456789'
let upstream: RecordingUpstream
let gateway: TestGateway
let tokens: TokenIssuer

beforeAll(async () => {
  upstream = await startRecordingUpstream()
  const auth = { adminToken, adminOnMcp: true }
  gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url, accept: ['oauth'] }],
    settings: { auth },
  })
  upstream.trust(gateway.url)
  tokens = await issueTokensFor(gateway)
})
afterAll(async () => {
  await gateway.close()
  await upstream.close()
})

function alter(statement: string): void {
  const database = new DatabaseSync(gateway.location.replace('sqlite:', ''))
  database.exec(`pragma busy_timeout = 5000; ${statement}`)
  database.close()
}

describe('auth 22: the admin token', () => {
  it('is a path of its own: the principal admin, never a user, also where OAuth alone is accepted', async () => {
    const user = await gateway.addUser('admin@example.com')
    upstream.calls.length = 0
    expect((await ask(gateway.port, { key: adminToken })).status).toBe(200)
    const [seen] = upstream.calls
    expect(seen?.claims).toMatchObject({ sub: 'svc_admin' })
    expect(seen?.claims).not.toHaveProperty('workspace')
    expect(seen?.claims).not.toHaveProperty('client_id')
    expect(JSON.stringify(seen?.claims)).not.toContain(user.id)
  })

  it('cannot be imitated by a client named admin', async () => {
    const { token } = await tokens.issue({ clientId: 'admin' })
    upstream.calls.length = 0
    const answer = await ask(gateway.port, { key: token })
    expect([answer.status, reasonOf(answer)]).toEqual([401, 'malformed_token'])
    expect(upstream.calls).toHaveLength(0)
  })
})

describe('auth 7, T8: an outage of the store', () => {
  it('is 503 for a token that is verified already, never 401, and never a pass', async () => {
    const user = await gateway.addUser('ann@example.com')
    const { token } = await tokens.issue({ user })
    expect((await ask(gateway.port, { key: token })).status).toBe(200)
    upstream.calls.length = 0
    alter('alter table access_tokens rename to access_tokens_away')
    const answer = await ask(gateway.port, { key: token })
    expect([answer.status, reasonOf(answer)]).toEqual([503, 'store_unavailable'])
    expect(answer.headers.has('www-authenticate')).toBe(false)
    expect(answer.headers.get('retry-after')).toBe('1')
    expect(upstream.calls).toHaveLength(0)
    const errors = 'sallyport_store_query_errors_total{operation="find_token"}'
    expect(await seriesValue(gateway.port, errors)).toBeGreaterThan(0)
    alter('alter table access_tokens_away rename to access_tokens')
    expect((await ask(gateway.port, { key: token })).status).toBe(200)
  })
})

describe.skipIf(!hasPostgres)('on Postgres', () => {
  it('auth 5, auth 7: each call asks: revoked is 401 with the next one, an outage 503, and then it works again', async () => {
    const cluster = await startPostgres()
    const anybody = await startRecordingUpstream({ assertion: false })
    const other = await startGateway({
      upstreams: [{ name: 'code', url: anybody.url }],
      store: await cluster.createDatabase(),
    })
    const issuer = await issueTokensFor(other)
    const user = await other.addUser('ann@example.com')
    const [kept, ended] = [await issuer.issue({ user }), await issuer.issue({ user })]
    const judged = async (key: string) => {
      const answer = await ask(other.port, { key })
      return [answer.status, answer.status === 200 ? null : reasonOf(answer)]
    }
    for (const { token } of [kept, ended]) expect(await judged(token)).toEqual([200, null])
    await other.store.accessTokens.revoke(ended.id, Date.now())
    expect(await judged(ended.token)).toEqual([401, 'revoked_token'])
    await cluster.stop()
    expect(await judged(kept.token)).toEqual([503, 'store_unavailable'])
    await cluster.start()
    await expect.poll(() => judged(kept.token), { timeout: 20_000 }).toEqual([200, null])
    await other.close()
    await anybody.close()
    await cluster.remove()
  }, 60_000)
})
