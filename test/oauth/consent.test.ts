import { decodeJwt } from 'jose'
import { afterEach, describe, expect, it } from 'vitest'
import {
  authorizationUrl,
  httpsRedirect,
  loopbackRedirect,
  obtain,
  refresh,
  registerClient,
} from './client.ts'
import { operator, startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const start = async (options: SceneOptions = {}) => {
  scene = await startScene(options)
  await scene.addUser('a')
  return scene
}
const asA = { signsInAs: 'usr_a' }
const web = { redirect_uris: [httpsRedirect] }

const walledOff = (base: string) => [
  {
    resource: `${base}/mcp`,
    upstreams: ['code'],
    scopes: ['code:read'],
    workspaces: ['red', 'blue'],
    isDefault: true,
  },
]

describe('auth 15: consent', () => {
  it('is remembered for an https redirect until scopes grow', async () => {
    await start()
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    const first = await obtain(scene, known, browser, { scope: 'code:read' }, asA)
    expect(first.shown).toHaveLength(1)
    expect((await obtain(scene, known, browser, { scope: 'code:read' })).shown).toHaveLength(0)
    const grown = await obtain(scene, known, browser, { scope: 'code:read code:write' })
    expect(grown.shown).toHaveLength(1)
    expect((await obtain(scene, known, browser, { scope: 'code:write' })).shown).toHaveLength(0)
    // It is one consent that grew, and each token has what was asked for it.
    expect(await scene.consents.list('usr_a')).toHaveLength(1)
    expect(decodeJwt(first.tokens.access_token)['scope']).toBe('code:read')
    expect(scene.count('consent_granted')).toBe(1)
  })

  it.each([
    ['loopback', [loopbackRedirect]],
    ['private-use', ['com.example.app:/client/callback']],
  ])('T52: of a public client is never remembered for a %s redirect', async (_, redirects) => {
    await start()
    const known = await registerClient(scene, { redirect_uris: redirects })
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    expect((await obtain(scene, known, browser)).shown).toHaveLength(1)
    const { url } = await authorizationUrl(known, { prompt: 'none' })
    expect((await browser.walk(url)).away?.searchParams.get('error')).toBe('consent_required')
  })

  it('T52: of a confidential client is remembered for a loopback redirect, too', async () => {
    await start()
    const known = await registerClient(scene, { token_endpoint_auth_method: 'client_secret_basic' })
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    expect((await obtain(scene, known, browser)).shown).toHaveLength(0)
  })

  it('is for one user, one client and one resource', async () => {
    await start()
    await scene.addUser('b')
    const [one, two] = [await registerClient(scene, web), await registerClient(scene, web)]
    const browser = scene.browser()
    await obtain(scene, one, browser, {}, asA)
    expect((await obtain(scene, two, browser)).shown).toHaveLength(1)
    expect((await obtain(scene, one, browser, { resource: `${scene.issuer}/mcp/code` })).shown).toHaveLength(
      1,
    )
    const other = await obtain(scene, one, scene.browser(), {}, { signsInAs: 'usr_b' })
    expect(other.shown).toHaveLength(1)
  })

  it('is asked again when it was revoked, and when prompt=consent says so', async () => {
    await start()
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    expect((await obtain(scene, known, browser, { prompt: 'consent' })).shown).toHaveLength(1)
    const [consent] = await scene.consents.list('usr_a')
    await scene.consents.revoke(consent?.id ?? '', operator)
    expect((await obtain(scene, known, browser)).shown).toHaveLength(1)
  })

  it('names the workspaces a person may choose from, and takes no other', async () => {
    await start({ resources: walledOff })
    for (const workspace of ['red', 'blue', 'green']) await scene.addUser('a', workspace)
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    for (const workspace of ['green', 'default', 'nowhere', '']) {
      const { url } = await authorizationUrl(known)
      const walked = await browser.walk(url, { ...asA, workspace })
      expect([walked.away, walked.last.status]).toStrictEqual([null, 403])
      expect(walked.shown[0]?.workspaces).toStrictEqual(['blue', 'red'])
    }
    expect(await scene.consents.list('usr_a')).toStrictEqual([])
    const { tokens } = await obtain(scene, known, browser, {}, { workspace: 'blue' })
    expect(decodeJwt(tokens.access_token)).toMatchObject({ workspace: 'blue' })
    expect((await obtain(scene, known, browser)).shown).toHaveLength(0)
    // Once there are two, nobody but the person can say which is meant.
    await obtain(scene, known, browser, { prompt: 'consent' }, { workspace: 'red' })
    expect((await obtain(scene, known, browser, {}, { workspace: 'red' })).shown).toHaveLength(1)
  })

  it('of a person who has left the workspace is worth nothing', async () => {
    await start()
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), {}, asA)
    await scene.store.users.setDisabled('usr_a', 1, 1, operator)
    const answered = await refresh(scene, known, tokens.refresh_token)
    expect(answered.body['error']).toBe('invalid_grant')
    expect(scene.count('token_refreshed', { outcome: 'revoked' })).toBe(1)
  })

  it('auth 5: revoked, it ends every token behind it; said once, by whom, and audited (T19)', async () => {
    await start()
    const known = await registerClient(scene)
    const { tokens } = await obtain(scene, known, scene.browser(), {}, asA)
    const { jti = '', grant_id: id } = decodeJwt(tokens.access_token)
    expect(await scene.consents.revoke(String(id), { kind: 'user', id: 'usr_b' }, 'usr_b')).toBe(false)
    expect(await scene.consents.revoke(String(id), { kind: 'admin', id: 'usr_c' })).toBe(true)
    expect(await scene.consents.revoke(String(id), { kind: 'user', id: 'usr_a' }, 'usr_a')).toBe(false)
    expect(await scene.store.accessTokens.findForCall(jti)).toMatchObject({ consentRevoked: true })
    expect((await refresh(scene, known, tokens.refresh_token)).body['error']).toBe('invalid_grant')
    expect(scene.count('consent_revoked')).toBe(1)
    expect(scene.count('consent_revoked', { actor: 'admin' })).toBe(1)
    expect(scene.count('token_revoked', { reason: 'consent_revoked' })).toBe(1)
    const [row] = await scene.store.audit.list({ action: 'consent.revoked', limit: 9 })
    expect(row).toMatchObject({ actorKind: 'admin', actorId: 'usr_c', target: id, workspace: 'default' })
  })
})

describe('auth 18: the login session', () => {
  it('is ours: once it has ended, the library asks for a sign-in at once', async () => {
    await start()
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    const session = await browser.signIn('usr_a')
    expect((await obtain(scene, known, browser)).signIns).toBe(0)
    await scene.endSession(session)
    const { url } = await authorizationUrl(known)
    expect((await browser.walk(url)).signIns).toBe(1)
    const silent = await browser.walk((await authorizationUrl(known, { prompt: 'none' })).url)
    expect(silent.away?.searchParams.get('error')).toBe('login_required')
  })

  it('of another person asks that person for their own consent', async () => {
    await start()
    await scene.addUser('b')
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    await browser.signIn('usr_b')
    const { shown, tokens } = await obtain(scene, known, browser)
    expect(shown).toHaveLength(1)
    expect(decodeJwt(tokens.access_token).sub).toBe('usr_b')
  })

  it('of another person in the middle of a request answers for nobody but that person', async () => {
    await start()
    await scene.addUser('b')
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    await browser.signIn('usr_a')
    const { url } = await authorizationUrl(known)
    // The page is shown to one, and answered while another is signed in.
    const asked = await browser.get(url)
    await browser.signIn('usr_b')
    const refused = await browser.post(asked.location ?? '', { workspace: 'default' })
    expect(refused.status).toBe(400)
    expect(await scene.consents.list('usr_a')).toStrictEqual([])
    const { shown, tokens } = await obtain(scene, known, browser)
    expect(shown).toHaveLength(1)
    expect(decodeJwt(tokens.access_token).sub).toBe('usr_b')
    // Allowed by one, and gone on with by another.
    const first = await browser.get((await authorizationUrl(known, { prompt: 'consent' })).url)
    const allowed = await browser.post(first.location ?? '', { workspace: 'default' })
    await browser.signIn('usr_a')
    const resumed = await browser.walk(allowed.location ?? '')
    expect(resumed.shown).toHaveLength(1)
    const consents = await scene.consents.list('usr_a')
    expect(consents).toHaveLength(1)
  })

  it('that ended in the middle of a request leaves nothing of the answer', async () => {
    await start()
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    const session = await browser.signIn('usr_a')
    const asked = await browser.get((await authorizationUrl(known)).url)
    const allowed = await browser.post(asked.location ?? '', { workspace: 'default' })
    await scene.endSession(session)
    const resumed = await browser.walk(allowed.location ?? '')
    expect([resumed.away, resumed.signIns]).toStrictEqual([null, 1])
  })

  it('prompt=login and max_age want a new sign-in, and a session from before is none', async () => {
    await start()
    const known = await registerClient(scene, web)
    const browser = scene.browser()
    await obtain(scene, known, browser, {}, asA)
    const again = await obtain(scene, known, browser, { prompt: 'login' }, asA)
    expect([again.signIns, again.shown.length]).toStrictEqual([1, 0])
    const stays = await browser.walk((await authorizationUrl(known, { prompt: 'login' })).url)
    expect([stays.away, stays.signIns]).toStrictEqual([null, 1])
    // A page that takes it for one is led back to where it was.
    const { location } = await browser.get((await authorizationUrl(known, { prompt: 'login' })).url)
    const insisted = await browser.get(`${location?.href ?? ''}?insist`)
    expect(insisted.location?.href).toBe(`${location?.href ?? ''}?insist`)
    const openid = { scope: 'openid code:read code:write', max_age: '3600' }
    await obtain(scene, known, browser, { ...openid, prompt: 'consent' })
    expect((await obtain(scene, known, browser, openid)).signIns).toBe(0)
    const late = await obtain(scene, known, browser, { ...openid, max_age: '0' }, asA)
    expect(late.signIns).toBe(1)
  })

  it('auth 5: may end; the application stays connected', async () => {
    await start()
    const known = await registerClient(scene)
    const browser = scene.browser()
    const session = await browser.signIn('usr_a')
    const { tokens } = await obtain(scene, known, browser)
    await scene.endSession(session)
    expect((await refresh(scene, known, tokens.refresh_token)).status).toBe(200)
  })

  it('an interaction is of the browser it began in', async () => {
    await start()
    const known = await registerClient(scene, web)
    const [mine, theirs] = [scene.browser(), scene.browser()]
    for (const browser of [mine, theirs]) await browser.signIn('usr_a')
    const { location } = await mine.get((await authorizationUrl(known)).url)
    expect((await theirs.get(location ?? '')).status).toBe(404)
    const cookie = mine.cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const elsewhere = await fetch(`${scene.origin}/consent/other`, { headers: { cookie } })
    expect(elsewhere.status).toBe(404)
    expect((await theirs.post(location ?? '', { workspace: 'default' })).status).toBe(400)
    expect(
      await scene.server.interactions.describe(location?.pathname.split('/').at(-1) ?? ''),
    ).toStrictEqual({
      clientName: 'Test client',
      formAction: ['https://app.example'],
    })
    expect(await scene.server.interactions.describe('nothing')).toBeNull()
  })
})
