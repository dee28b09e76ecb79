import { auth } from '@modelcontextprotocol/client'
import { decodeJwt } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { clientModes } from '../support/mcp-client.ts'
import { freePort } from '../support/free-port.ts'
import { movingClock } from '../support/moving-clock.ts'
import type { MovingClock } from '../support/moving-clock.ts'
import { textOf } from '../support/person.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'
import { appMetadata, appRedirect, createSdkApp } from './sdk-client.ts'

let scene: Scene
let clock: MovingClock
beforeEach(() => {
  clock = movingClock()
})
afterEach(() => scene.close())
const start = async (options: SceneOptions = {}) => {
  scene = await startScene({ clock, entry: { scopes: ['notes:read', 'notes:write'] }, ...options })
}

describe('the official client signs in', () => {
  it.each(clientModes)('by 401, discovery, registration and consent, and calls a tool: %s', async (mode) => {
    await start()
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada })
    const connected = await app.connect(scene.mcp, mode)
    expect(await connected.call('whoami')).toMatchObject({
      sub: ada.userId,
      workspace: 'default',
      scope: 'notes:read notes:write',
      client: app.clientId(),
    })
    expect(app.asked).toHaveLength(1)
    expect(app.asked[0]?.searchParams.get('resource')).toBe(scene.mcp)
    expect(app.requests.slice(0, 4)).toEqual([
      'POST /mcp',
      'GET /.well-known/oauth-protected-resource/mcp',
      'GET /.well-known/oauth-authorization-server',
      'POST /oauth/register',
    ])
    await connected.close()
  })

  it.each(['localhost', '127.0.0.1'])('auth 1: at http://%s, whatever publicUrl says', async (name) => {
    await start()
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada })
    const url = new URL(scene.mcp)
    url.hostname = name
    const connected = await app.connect(url.href)
    expect(await connected.call('whoami')).toMatchObject({ sub: ada.userId })
    await connected.close()
  })

  it('auth 1: below the path of publicUrl, to a server of its own name', async () => {
    const port = await freePort()
    await start({ settings: { listen: { port }, publicUrl: `http://127.0.0.1:${port}/gate/way` } })
    const ada = await scene.meet('ada')
    for (const mcp of [scene.mcp, `${scene.mcp}/other`, `${scene.mcp}/notes`]) {
      const app = createSdkApp({ person: ada })
      const connected = await app.connect(mcp)
      expect(await connected.call('whoami')).toMatchObject({ sub: ada.userId })
      expect(decodeJwt(app.tokens()?.access_token ?? '').aud).toBe(mcp)
      await connected.close()
    }
  })

  it('auth 13: refreshes when its access token is over, and its person is asked nothing', async () => {
    await start({ settings: { auth: { tokens: { accessSeconds: 60 } } } })
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada })
    const connected = await app.connect(scene.mcp, 'legacy')
    const seen = new Set([app.tokens()?.access_token])
    const families = new Set<unknown>()
    for (let round = 1; round <= 3; round += 1) {
      // Five seconds of mercy are over, too.
      clock.advance(66_000)
      expect(await connected.call('whoami')).toMatchObject({ sub: ada.userId })
      seen.add(app.tokens()?.access_token)
      families.add(decodeJwt(app.tokens()?.access_token ?? '')['grant_id'])
      expect(seen.size).toBe(round + 1)
    }
    expect(families.size).toBe(1)
    expect(app.asked).toHaveLength(1)
    await connected.close()
  })

  it('auth 3: steps up when a call needs more than it was granted, and then has it all', async () => {
    await start()
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada })
    expect(await auth(app.provider, { serverUrl: scene.mcp, scope: 'notes:read' })).toBe('REDIRECT')
    const back = await ada.authorize(app.asked[0] ?? '')
    const code = back.searchParams.get('code') ?? ''
    const more = { authorizationCode: code, iss: back.searchParams.get('iss') ?? '' }
    expect(await auth(app.provider, { serverUrl: scene.mcp, ...more })).toBe('AUTHORIZED')
    expect(decodeJwt(app.tokens()?.access_token ?? '')['scope']).toBe('notes:read')

    const connected = await app.connect(scene.mcp)
    expect(app.asked).toHaveLength(2)
    expect(app.asked[1]?.searchParams.get('scope')?.split(' ').toSorted()).toEqual([
      'notes:read',
      'notes:write',
      'offline_access',
    ])
    expect(await connected.call('whoami')).toMatchObject({ scope: 'notes:read notes:write' })
    await connected.close()
  })

  it('is told when its person says no', async () => {
    await start()
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: { ...ada, authorize: (url) => ada.authorize(url, { denies: true }) } })
    await expect(app.connect(scene.mcp)).rejects.toMatchObject({ code: 'access_denied' })
    expect(app.tokens()).toBeUndefined()
  })

  it('must sign in again after its consent was revoked', async () => {
    await start()
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada })
    const connected = await app.connect(scene.mcp, 'legacy')
    const [consent] = await scene.gateway.store.consents.list(ada.userId)
    const { status } = await ada.browser.submit('/account/apps', '/account/apps/revoke', {
      id: consent?.id ?? '',
    })
    expect(status).toBe(303)
    await expect(connected.call('whoami')).rejects.toThrow()
    expect(app.asked).toHaveLength(2)
    await connected.close()
  })
})

if (!hasOpenssl) reportSkippedSuite('clients by metadata document', 'openssl is missing')

describe.skipIf(!hasOpenssl)('the official client signs in by its metadata document', () => {
  let documents: DocumentServer
  beforeEach(async () => {
    documents = await startDocumentServer()
  })
  afterEach(() => documents.close())

  it('auth 9: registers nowhere, and its host is what the person reads', async () => {
    await start({ reach: documents.reach })
    const documentUrl = documents.url('/app.json')
    documents.serve('/app.json', { ...appMetadata, client_id: documentUrl })
    const ada = await scene.meet('ada')
    const read: string[] = []
    const reading = {
      ...ada,
      authorize: (url: string | URL) =>
        ada.authorize(url, { onConsent: (page) => void read.push(textOf(page)) }),
    }
    const app = createSdkApp({ person: reading, documentUrl })
    const connected = await app.connect(scene.mcp)
    expect(await connected.call('whoami')).toMatchObject({ sub: ada.userId, client: documentUrl })
    expect(app.requests).not.toContain('POST /oauth/register')
    expect(app.asked[0]?.searchParams.get('client_id')).toBe(documentUrl)
    expect(read).toHaveLength(1)
    expect(read[0]).toContain(`Published by client.test:${documents.port}`)
    expect(documents.asked).toEqual(['/app.json'])
    await connected.close()
  })

  it('auth 10: its loopback redirect may have any port, and no other host', async () => {
    await start({ reach: documents.reach })
    const documentUrl = documents.url('/app.json')
    documents.serve('/app.json', { ...appMetadata, client_id: documentUrl })
    const ada = await scene.meet('ada')
    const app = createSdkApp({ person: ada, documentUrl })
    await auth(app.provider, { serverUrl: scene.mcp })
    const url = app.asked[0] ?? new URL('http://nowhere')
    url.searchParams.set('redirect_uri', appRedirect.replace('6274', '41999'))
    expect((await ada.authorize(url)).host).toBe('127.0.0.1:41999')
    url.searchParams.set('redirect_uri', 'https://client.test/callback')
    const { away, last } = await ada.follow(url)
    expect([away, last.status]).toEqual([null, 400])
  })
})
