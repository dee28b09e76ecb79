import { afterEach, describe, expect, it } from 'vitest'
import { Secret } from '../../src/lib/secret.ts'
import { startGiteaPeer } from '../support/gitea-peer.ts'
import { startGithubPeer } from '../support/github-peer.ts'
import { startHttpApiPeer } from '../support/http-api-peer.ts'
import { startOidcPeer } from '../support/oidc-peer.ts'
import type { Fault, PeerServer } from '../support/peer-server.ts'
import { callbackOf, newState, providersOf, redirectOf, signInBy } from '../support/remote-sign-in.ts'
import { stoppedClock } from '../support/stopped-clock.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

/** Time that passes when a test says so: whatever waits then is late. */
function stoppedDeadlines() {
  const waiting = new Set<AbortController>()
  const given: number[] = []
  return {
    given,
    deadline(milliseconds: number) {
      given.push(milliseconds)
      const controller = new AbortController()
      waiting.add(controller)
      return controller.signal
    },
    pass() {
      for (const controller of waiting) controller.abort(new DOMException('late', 'TimeoutError'))
    },
  }
}

/** A peer, one way to sign in there, and every path its answers come from. */
interface Asked {
  readonly peer: PeerServer
  readonly signIn: () => Promise<unknown>
}

type Deadlines = ReturnType<typeof stoppedDeadlines>

const github = { id: 1, login: 'ada', emails: [{ email: 'ada@example.com', primary: true, verified: true }] }

async function plain(name: 'github' | 'gitea', { deadline }: Deadlines): Promise<Asked> {
  const start = name === 'github' ? startGithubPeer : startGiteaPeer
  const peer = await start({ people: [github], redirectUri: callbackOf(name) })
  const { url, clientId, clientSecret } = peer
  const provider = redirectOf({ providers: [name], [name]: { url, clientId, clientSecret } }, { deadline })
  return { peer, signIn: () => signInBy(provider, 'ada') }
}

async function oidc({ deadline }: Deadlines): Promise<Asked> {
  const people = [{ login: 'ada', claims: { sub: '1', email: 'ada@example.com' } }]
  const peer = await startOidcPeer({ shape: 'oidc', people, redirectUri: callbackOf('oidc') })
  const { issuer, clientId, clientSecret } = peer
  const provider = redirectOf({ providers: ['oidc'], oidc: { issuer, clientId, clientSecret } }, { deadline })
  return { peer, signIn: () => signInBy(provider, 'ada') }
}

async function httpApi({ deadline }: Deadlines): Promise<Asked> {
  const people = [{ email: 'ada', password: 'word', answer: { subject: '1', email: null } }]
  const peer = await startHttpApiPeer({ people, auth: 'none', secret: '', now: Date.now })
  const section = { providers: ['http_api'], httpApi: { url: `${peer.url}/sign-in` } }
  const [provider] = providersOf(section, { deadline }).password
  const browser = { address: '192.0.2.1', userAgent: '' }
  return {
    peer,
    signIn: () => provider?.check('ada', new Secret('word'), browser) ?? Promise.reject(new Error('none')),
  }
}

const places: readonly (readonly [string, string, (deadlines: Deadlines) => Promise<Asked>])[] = [
  ['the token endpoint of GitHub', '/login/oauth/access_token', (given) => plain('github', given)],
  ['the user endpoint of GitHub', '/api/v3/user', (given) => plain('github', given)],
  ['the e-mail endpoint of GitHub', '/api/v3/user/emails', (given) => plain('github', given)],
  ['the token endpoint of Gitea', '/login/oauth/access_token', (given) => plain('gitea', given)],
  ['the user endpoint of Gitea', '/api/v1/user', (given) => plain('gitea', given)],
  ['the e-mail endpoint of Gitea', '/api/v1/user/emails', (given) => plain('gitea', given)],
  ['the discovery document of an OpenID provider', '/.well-known/openid-configuration', oidc],
  ['the token endpoint of an OpenID provider', '/token', oidc],
  ['the keys of an OpenID provider', '/jwks', oidc],
  ['the userinfo endpoint of an OpenID provider', '/me', oidc],
  ["the company's own endpoint", '/sign-in', httpApi],
]

const faults: readonly (readonly [string, Fault])[] = [
  ['is broken', { kind: 'status', status: 500 }],
  ['is overloaded', { kind: 'status', status: 503 }],
  ['is limiting us', { kind: 'status', status: 429 }],
  ['is a redirect', { kind: 'redirect' }],
  ['breaks off', { kind: 'reset' }],
  ['never ends', { kind: 'huge' }],
  ['is no JSON', { kind: 'text', text: '<h1>Maintenance</h1>' }],
  ['is empty', { kind: 'text', text: '' }],
]

/** An answer that is none: `unavailable`, or from `begin` a `Failure` that answers 503. Never a refusal of the person. */
async function expectOutage(signIn: () => Promise<unknown>): Promise<void> {
  const verdict = await signIn().catch((error: unknown) => error)
  if (verdict instanceof Error) expect(verdict).toMatchObject({ code: 'provider_unavailable', status: 503 })
  else expect(verdict).toStrictEqual({ unavailable: expect.any(String) as unknown })
}

describe.each(places)('%s', (_, path, start) => {
  it.each(faults)('is unavailable while its answer %s, and asked again afterwards', async (_, fault) => {
    const deadlines = stoppedDeadlines()
    const { peer, signIn } = await start(deadlines)
    closing.push(() => peer.close())
    peer.faults.set(path, fault)
    await expectOutage(signIn)
    expect(peer.asked.map((line) => line.split(' ')[1])).not.toContain('/stolen')
    peer.faults.clear()
    expect(await signIn()).toHaveProperty('vouched')
  })

  it.each(['request', 'half of the answer'] as const)(
    'is unavailable when it keeps us waiting after the %s',
    async (after) => {
      const deadlines = stoppedDeadlines()
      const { peer, signIn } = await start(deadlines)
      closing.push(() => peer.close())
      peer.faults.set(path, { kind: 'hang', after, reached: deadlines.pass })
      await expectOutage(signIn)
      expect(new Set(deadlines.given)).toStrictEqual(new Set([10_000]))
    },
  )
})

describe('a provider that is gone', () => {
  it('is unavailable, and the reason for the log has no secret and no URL in it', async () => {
    const { peer, signIn } = await plain('github', stoppedDeadlines())
    await peer.close()
    const provider = redirectOf({
      providers: ['github'],
      github: { url: peer.url, clientId: 'id', clientSecret: 'secret' },
    })
    const state = newState('github')
    const back = new URL(`${state.redirectUri}?code=1&state=${state.state}`)
    expect(await provider.finish(back, state)).toStrictEqual({ unavailable: 'GitHub could not be reached' })
    await expect(signIn()).rejects.toThrow('fetch failed')
  })

  it('shares one discovery among those who wait, and forgets it after an hour', async () => {
    const clock = stoppedClock()
    const peer = await startOidcPeer({ shape: 'oidc', people: [], redirectUri: callbackOf('oidc') })
    closing.push(() => peer.close())
    const { issuer, clientId, clientSecret } = peer
    const provider = redirectOf({ providers: ['oidc'], oidc: { issuer, clientId, clientSecret } }, { clock })
    const begin = () => provider.begin(newState('oidc'))
    await Promise.all([begin(), begin(), begin()])
    clock.advance(3_599_999)
    await begin()
    expect(peer.asked).toHaveLength(1)
    clock.advance(1)
    await begin()
    expect(peer.asked).toHaveLength(2)
  })
})
