import { decodeJwt } from 'jose'
import * as oauth from 'oauth4webapi'
import { afterEach, describe, expect, it } from 'vitest'
import { authorizationUrl, discover, httpsRedirect, loopbackRedirect, obtain, refresh } from './client.ts'
import type { TestClient } from './client.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'

let scene: Scene
afterEach(() => scene.close())
const id = 'https://app.example/oauth/client.json'
const asA = { signsInAs: 'usr_a' }

async function start(document: Readonly<Record<string, unknown>> | null): Promise<TestClient> {
  scene = await startScene()
  await scene.addUser('a')
  if (document !== null) scene.documents.set(id, { client_id: id, client_name: 'Documented', ...document })
  const as = await discover(scene)
  expect(as['client_id_metadata_document_supported']).toBe(true)
  const [redirectUri = ''] = (document?.['redirect_uris'] as string[] | undefined) ?? [httpsRedirect]
  return { as, client: { client_id: id }, auth: oauth.None(), redirectUri }
}

describe('auth 9: a client named by its metadata document', () => {
  it('needs no registration; the host that vouches for it is shown', async () => {
    const known = await start({ redirect_uris: [httpsRedirect] })
    const { tokens, shown } = await obtain(scene, known, scene.browser(), {}, asA)
    expect(shown).toMatchObject([
      { client: { id, name: 'Documented', documentHost: 'app.example' }, redirectHost: 'app.example' },
    ])
    const { jti = '', client_id: clientId } = decodeJwt(tokens.access_token)
    expect(clientId).toBe(id)
    expect(await scene.store.accessTokens.findForCall(jti)).toMatchObject({ clientStatus: 'active' })
    expect((await refresh(scene, known, tokens.refresh_token)).status).toBe(200)
  })

  it('auth 10: its loopback redirect may have another port, and no other path', async () => {
    const known = await start({ redirect_uris: [loopbackRedirect] })
    const other = { ...known, redirectUri: 'http://127.0.0.1:9/client/callback' }
    expect((await obtain(scene, other, scene.browser(), {}, asA)).away?.port).toBe('9')
    const { url } = await authorizationUrl({ ...known, redirectUri: 'http://127.0.0.1:9/client/x' })
    expect((await scene.browser().walk(url)).last.status).toBe(400)
  })

  it.each<[string, Readonly<Record<string, unknown>> | null]>([
    ['cannot be had', null],
    ['is of another client', { client_id: 'https://app.example/other.json', redirect_uris: [httpsRedirect] }],
    ['has a foreign http redirect', { redirect_uris: ['http://evil.example/cb'] }],
    ['has a secret', { redirect_uris: [httpsRedirect], client_secret: 'x' }],
  ])('gets a page and no redirect when its document %s', async (_, document) => {
    const known = await start(document)
    const { away, last } = await scene.browser().walk((await authorizationUrl(known)).url)
    expect([away, last.location, last.status]).toStrictEqual([null, null, 400])
    expect(scene.refused).toStrictEqual(['metadata_document_failed'])
    expect(last.text).toContain("The client's metadata document at app.example could not be used")
    expect(last.text).not.toContain('client.json')
    expect((await refresh(scene, known, 'x')).status).toBe(401)
  })
})
