import { afterEach, describe, expect, it } from 'vitest'
import { startGiteaPeer } from '../support/gitea-peer.ts'
import { startGithubPeer } from '../support/github-peer.ts'
import { openPeerBrowser } from '../support/peer-browser.ts'
import type { PlainOAuthPeer, PlainOAuthPerson } from '../support/plain-oauth-peer.ts'
import { callbackOf, newState, redirectOf, signInBy } from '../support/remote-sign-in.ts'

const verified = { email: 'ada@example.com', primary: true, verified: true }
const other = { email: 'other@example.com', primary: false, verified: true }
const people: readonly PlainOAuthPerson[] = [
  { id: 4711, login: 'ada', emails: [other, verified] },
  { id: 12, login: 'bob', emails: [{ email: 'bob@example.com', primary: true, verified: false }, other] },
  { id: 13, login: 'eve', emails: [other] },
  { id: 2 ** 60, login: 'odd', emails: [verified] },
]

const peers: PlainOAuthPeer[] = []
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()))
})

const sites = [
  { name: 'github', label: 'GitHub', scope: 'user:email', api: '/api/v3', start: startGithubPeer },
  { name: 'gitea', label: 'Gitea', scope: 'read:user', api: '/api/v1', start: startGiteaPeer },
] as const

describe.each(sites)('$name', ({ name, label, scope, api, start }) => {
  async function startPeer() {
    const peer = await start({ people, redirectUri: callbackOf(name) })
    peers.push(peer)
    return peer
  }
  function providerAt({ url, clientId, clientSecret }: PlainOAuthPeer, secret = clientSecret) {
    return redirectOf({ providers: [name], [name]: { url: `${url}/`, clientId, clientSecret: secret } })
  }

  it('auth 17: signs a person in by their account number and verified primary address', async () => {
    const peer = await startPeer()
    const provider = providerAt(peer)
    expect(provider).toMatchObject({ name, label })
    expect(await signInBy(provider, 'ada')).toStrictEqual({
      vouched: {
        provider: name,
        issuer: peer.url,
        subject: '4711',
        email: 'ada@example.com',
        emailVerified: true,
      },
    })
  })

  it('asks for code, PKCE S256, state and the least scope', async () => {
    const peer = await startPeer()
    const state = newState(name)
    const page = await providerAt(peer).begin(state)
    expect(page.origin + page.pathname).toBe(`${peer.url}/login/oauth/authorize`)
    expect(Object.fromEntries(page.searchParams)).toMatchObject({ scope, state: state.state })
    expect(page.href).not.toContain(state.codeVerifier)
  })

  it('tells of an address only what the site says, and of another than the primary one nothing', async () => {
    const provider = providerAt(await startPeer())
    expect(await signInBy(provider, 'bob')).toMatchObject({
      vouched: { subject: '12', email: 'bob@example.com', emailVerified: false },
    })
    expect(await signInBy(provider, 'eve')).toMatchObject({
      vouched: { subject: '13', email: null, emailVerified: false },
    })
  })

  it.each([403, 404])('knows no address where it may not read them (%i)', async (status) => {
    const peer = await startPeer()
    peer.faults.set(`${api}/user/emails`, { kind: 'status', status })
    expect(await signInBy(providerAt(peer), 'ada')).toMatchObject({
      vouched: { subject: '4711', email: null, emailVerified: false },
    })
  })

  it('refuses when the site would not say who it is, and takes no number that two accounts could share', async () => {
    const peer = await startPeer()
    const provider = providerAt(peer)
    expect(await signInBy(provider, 'odd')).toStrictEqual({
      unavailable: 'its user endpoint gave no account number',
    })
    peer.faults.set(`${api}/user`, { kind: 'status', status: 401 })
    expect(await signInBy(provider, 'ada')).toStrictEqual({ refused: 'it would not say who this is' })
  })

  it('T17: refuses an answer without the state, with another, or with two, and asks nobody', async () => {
    const peer = await startPeer()
    const provider = providerAt(peer)
    const edits = [
      (query: URLSearchParams) => query.delete('state'),
      (query: URLSearchParams) => query.set('state', newState(name).state),
      (query: URLSearchParams) => query.append('state', 'x'),
      (query: URLSearchParams) => query.set('state', ''),
    ]
    for (const edit of edits) {
      const callback = (url: URL) => {
        edit(url.searchParams)
        return url
      }
      expect(await signInBy(provider, 'ada', { callback })).toStrictEqual({
        refused: 'the state is not ours',
      })
    }
    expect(peer.asked).not.toContain('POST /login/oauth/access_token')
  })

  it('takes a no of the person for a refusal, without the words of the site', async () => {
    const provider = providerAt(await startPeer())
    expect(await signInBy(provider, 'nobody')).toStrictEqual({ refused: 'it answered access_denied' })
    const edit = (change: (query: URLSearchParams) => void) => (url: URL) => {
      change(url.searchParams)
      return url
    }
    const odd = edit((query) => query.set('error', '<script>alert(1)</script>'))
    expect(await signInBy(provider, 'ada', { callback: odd })).toStrictEqual({
      refused: 'it answered with an error that is not registered',
    })
    const forged = edit((query) => {
      query.set('error', 'access_denied')
      query.delete('state')
    })
    expect(await signInBy(provider, 'ada', { callback: forged })).toStrictEqual({
      refused: 'the state is not ours',
    })
    const away = edit((query) => query.set('error', 'temporarily_unavailable'))
    expect(await signInBy(provider, 'ada', { callback: away })).toStrictEqual({
      unavailable: 'it answered temporarily_unavailable',
    })
  })

  it('refuses an answer without a code, or with two', async () => {
    const provider = providerAt(await startPeer())
    for (const change of ['delete', 'append'] as const) {
      const callback = (url: URL) => {
        if (change === 'delete') url.searchParams.delete('code')
        else url.searchParams.append('code', 'another')
        return url
      }
      expect(await signInBy(provider, 'ada', { callback })).toStrictEqual({ refused: 'there is no code' })
    }
  })

  it('redeems a code once, with its own verifier and redirect URI', async () => {
    const provider = providerAt(await startPeer())
    const state = newState(name)
    const back = await openPeerBrowser().signIn(await provider.begin(state), 'ada', state.redirectUri)
    expect(await provider.finish(back, state)).toHaveProperty('vouched')
    const refused = { refused: expect.stringMatching(/bad_verification_code|unauthorized_client/) as unknown }
    expect(await provider.finish(back, state)).toStrictEqual(refused)
    const bent = [
      (given: ReturnType<typeof newState>) => ({ ...given, codeVerifier: newState(name).codeVerifier }),
      (given: ReturnType<typeof newState>) => ({ ...given, redirectUri: callbackOf('oidc') }),
    ]
    for (const state of bent) expect(await signInBy(provider, 'ada', { state })).toStrictEqual(refused)
  })

  it('says that our own secret is wrong, not that the person is', async () => {
    const peer = await startPeer()
    expect(await signInBy(providerAt(peer, 'not the secret'), 'ada')).toStrictEqual({
      unavailable: expect.stringMatching(/incorrect_client_credentials|invalid_client/) as unknown,
    })
  })
})

describe('the API of GitHub', () => {
  it.each([
    ['https://github.com', 'https://api.github.com/user'],
    ['https://acme.ghe.com', 'https://api.acme.ghe.com/user'],
    ['https://git.example.com', 'https://git.example.com/api/v3/user'],
  ])('of %s is at %s', async (url, expected) => {
    const asked: string[] = []
    const github = { url, clientId: 'id', clientSecret: 'secret' }
    // Those hosts cannot be reached from a test: what matters is where the token goes.
    const fetch = (to: string) => {
      asked.push(to)
      return Promise.resolve(Response.json({ access_token: 'token', token_type: 'bearer' }))
    }
    const provider = redirectOf({ providers: ['github'], github }, { fetch })
    const state = newState('github')
    await provider.finish(new URL(`${state.redirectUri}?code=1&state=${state.state}`), state)
    expect(asked).toStrictEqual([`${url}/login/oauth/access_token`, expected])
  })
})
