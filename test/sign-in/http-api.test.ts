import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/lib/secret.ts'
import { startHttpApiPeer } from '../support/http-api-peer.ts'
import type { HttpApiPeerOptions } from '../support/http-api-peer.ts'
import type { PeerServer } from '../support/peer-server.ts'
import { localStandIn, providersOf } from '../support/remote-sign-in.ts'
import { stoppedClock } from '../support/stopped-clock.ts'

const secret = 'a-secret-of-the-company-0123456789'
const password = 'pässwörd "with" \\ everything'
const browser = { address: '192.0.2.1', userAgent: 'Test/1' }
const clock = stoppedClock()

const people = [
  { email: 'ada', password, answer: { subject: 'E-1', email: 'ada@example.com', emailVerified: true } },
  { email: 'bob', password, answer: { subject: 'E-2', email: 'bob@example.com' } },
  { email: 'cog', password, answer: { subject: 'E-3', email: null, department: 'robots' } },
  { email: 'dan', password, answer: { subject: 'E-4', email: 'dan@example.com', emailVerified: 'yes' } },
  { email: 'n1', password, answer: { email: 'n1@example.com' } },
  { email: 'n2', password, answer: { subject: 7, email: 'n2@example.com' } },
  { email: 'n3', password, answer: { subject: 'E-7', email: ['n3@example.com'] } },
  { email: 'n4', password, answer: [] },
  { email: 'n5', password, answer: null },
]

const peers: PeerServer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

async function start(auth: HttpApiPeerOptions['auth']) {
  const peer = await startHttpApiPeer({ people, auth, secret, now: () => clock.now() })
  peers.push(peer)
  return peer
}

function providerAt(peer: PeerServer, auth: string, ownSecret = secret) {
  const httpApi = { url: `${peer.url}/sign-in`, auth, ...(auth === 'none' ? {} : { secret: ownSecret }) }
  const [provider] = providersOf({ providers: ['http_api'], httpApi }, { clock }).password
  if (provider === undefined) throw new Error('http_api is not there')
  return {
    check: (email: string, word = password) => provider.check(email, new Secret(word), browser),
  }
}

describe.each(['none', 'simple', 'hmac'] as const)('http_api with auth %s', (auth) => {
  it('auth 17: signs in whom the endpoint knows, by the subject it gives', async () => {
    const peer = await start(auth)
    const provider = providerAt(peer, auth)
    const known = { provider: 'http_api', issuer: `${peer.url}/sign-in` }
    expect(await provider.check('ada')).toStrictEqual({
      vouched: { ...known, subject: 'E-1', email: 'ada@example.com', emailVerified: true },
    })
    expect(await provider.check('bob')).toStrictEqual({
      vouched: { ...known, subject: 'E-2', email: 'bob@example.com', emailVerified: false },
    })
    expect(await provider.check('cog')).toStrictEqual({
      vouched: { ...known, subject: 'E-3', email: null, emailVerified: false },
    })
    expect(await provider.check('dan')).toMatchObject({ vouched: { emailVerified: false } })
  })

  it('refuses whom it does not know, and a wrong password alike', async () => {
    const provider = providerAt(await start(auth), auth)
    expect(await provider.check('ada', 'wrong')).toStrictEqual({ refused: 'wrong' })
    expect(await provider.check('nobody')).toStrictEqual({ refused: 'wrong' })
  })

  it('is unavailable where the endpoint does not believe us', async () => {
    if (auth === 'none') return
    const peer = await start(auth)
    const answer = await providerAt(peer, auth, 'another-secret-of-32-characters-0').check('ada')
    expect(answer).toStrictEqual({ unavailable: 'The sign-in endpoint answered 400' })
    expect(peer.complaints.splice(0)).toHaveLength(1)
  })
})

describe('http_api', () => {
  it.each(['n1', 'n2', 'n3', 'n4', 'n5'])(
    'vouches for nobody by an answer that lacks something: %s',
    async (who) => {
      expect(await providerAt(await start('none'), 'none').check(who)).toStrictEqual({
        unavailable: 'The sign-in endpoint answered 200 without {"subject","email"}',
      })
    },
  )

  it('takes 403 for a refusal, and every other status for an outage', async () => {
    const peer = await start('none')
    const provider = providerAt(peer, 'none')
    for (const status of [201, 202, 204, 301, 302, 303, 307, 308, 400, 404, 405, 418, 429, 500, 502, 503]) {
      peer.faults.set('/sign-in', { kind: 'status', status })
      expect(await provider.check('ada'), String(status)).toStrictEqual({
        unavailable: `The sign-in endpoint answered ${status}`,
      })
    }
    peer.faults.set('/sign-in', { kind: 'status', status: 403 })
    expect(await provider.check('ada')).toStrictEqual({ refused: 'wrong' })
  })

  it('sends a password to no other place than the configured one', async () => {
    const peer = await start('simple')
    peer.faults.set('/sign-in', { kind: 'redirect' })
    expect(await providerAt(peer, 'simple').check('ada')).toStrictEqual({
      unavailable: 'The sign-in endpoint answered 307',
    })
    expect(peer.asked).toStrictEqual(['POST /sign-in'])
  })

  it('signs what the endpoint can find stale', async () => {
    const peer = await start('hmac')
    const provider = providerAt(peer, 'hmac')
    clock.advance(3_600_000)
    expect(await provider.check('ada')).toHaveProperty('vouched')
  })
})

describe('the list of providers', () => {
  const github = { clientId: 'id', clientSecret: 'secret' }
  const httpApi = { url: 'https://example.com/sign-in' }

  it('is local alone when nothing is configured', () => {
    expect(providersOf({})).toStrictEqual({ password: [localStandIn], redirect: [] })
  })

  it('keeps the configured order, and has no local that is not asked for', () => {
    const oidc = { issuer: 'https://idp.example.com', ...github }
    const all = providersOf({ providers: ['oidc', 'http_api', 'github', 'local'], oidc, github, httpApi })
    expect(all.redirect.map(({ name, label }) => [name, label])).toStrictEqual([
      ['oidc', 'your company'],
      ['github', 'GitHub'],
    ])
    expect(all.password.map(({ name }) => name)).toStrictEqual(['http_api', 'local'])
    expect(providersOf({ providers: ['github'], github }).password).toStrictEqual([])
  })

  it.each([
    [{ providers: ['http_api'] }, 'http_api needs auth.httpApi.url'],
    [{ providers: ['http_api'], httpApi: { ...httpApi, auth: 'hmac' } }, 'needs auth.httpApi.secret'],
    [{ providers: ['http_api'], httpApi: { url: 'http://example.com/sign-in' } }, 'must be https'],
    [{ providers: ['microsoft'], microsoft: { ...github, tenant: 'common' } }, 'one directory'],
    [{ signUpDomains: ['*.example.com'] }, 'is no domain'],
  ])('refuses a configuration that cannot work: %j', (auth, problem) => {
    expect(() => providersOf(auth)).toThrow(problem)
  })
})
