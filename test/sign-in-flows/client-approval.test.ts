import { afterEach, describe, expect, it } from 'vitest'
import { ask, initializeCall } from '../support/asking.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import { OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import type { OauthAnswer } from '../support/oauth-caller.ts'
import { textOf } from '../support/person.ts'
import { sallyport } from '../support/sallyport-command.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { startScene } from './scene.ts'
import type { Scene, SceneOptions } from './scene.ts'

const plain = { scope: null, nonce: null }
const fields = [['Accept', 'application/json, text/event-stream']] as const
const errorOf = ({ status, body }: OauthAnswer) => [status, body['error']]

let scene: Scene
afterEach(() => scene.close())

async function start(options: SceneOptions) {
  scene = await startScene(options)
  const oauth = new OauthCaller(scene.gateway.url)
  const call = async (key: string) =>
    (await ask(scene.gateway.port, { key, body: initializeCall(), fields })).status
  const command = (...words: string[]) => sallyport(scene.gateway.location, 'clients', ...words)
  return { oauth, call, command, ada: await scene.meet('ada') }
}

describe('auth 9: where clients need approval', () => {
  const approval = { settings: { auth: { registration: { approval: 'required' } } } }

  it('one that registered itself waits, works once it is approved, and is out once it is revoked', async () => {
    const { oauth, call, command, ada } = await start(approval)
    const client = await oauth.register()
    const waiting = await ada.follow(oauth.begin(client.id, plain).url)
    expect([waiting.away, waiting.last.status]).toEqual([null, 401])
    expect(textOf(waiting.last)).toContain('An administrator must approve it')
    const device = await oauth.post('/oauth/device_authorization', { client_id: client.id })
    expect(errorOf(device)).toEqual([401, 'invalid_client'])

    await command('approve', client.id)
    const { access, refresh } = await oauth.connect(ada, client, plain)
    expect(await call(access)).toBe(200)

    await command('revoke', client.id)
    expect(await call(access)).toBe(401)
    expect(errorOf(await oauth.refresh(client, refresh))).toEqual([401, 'invalid_client'])
    const gone = await ada.follow(oauth.begin(client.id, plain).url)
    expect([gone.away, gone.last.status]).toEqual([null, 401])
    expect(textOf(gone.last)).toContain('has been switched off here')
  })

  it('T19: one that edits itself afterwards waits again, and its tokens with it', async () => {
    const { oauth, call, command, ada } = await start(approval)
    const client = await oauth.register()
    await command('approve', client.id)
    const { access } = await oauth.connect(ada, client, plain)
    const edited = await oauth.send(`/oauth/register/${client.id}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${client.registrationToken}`,
      },
      body: JSON.stringify({
        client_id: client.id,
        client_name: 'Test client',
        redirect_uris: [redirectUri, 'https://elsewhere.example/callback'],
        token_endpoint_auth_method: 'none',
      }),
    })
    expect(edited.status).toBe(200)
    expect(await call(access)).toBe(401)
    expect((await ada.follow(oauth.begin(client.id, plain).url)).away).toBeNull()
  })
})

if (!hasOpenssl) reportSkippedSuite('hosts of metadata documents', 'openssl is missing')

describe.skipIf(!hasOpenssl)('auth 9: where metadata documents come from some hosts only', () => {
  it('others are not asked', async () => {
    const documents = await startDocumentServer()
    try {
      const { oauth, ada } = await start({
        settings: { auth: { registration: { metadataHosts: [`client.test:${documents.port}`] } } },
        reach: documents.reach,
      })
      const publish = (clientId: string) =>
        documents.serve('/app.json', {
          client_id: clientId,
          client_name: 'App',
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'none',
        })
      const listed = documents.url('/app.json')
      for (const other of [listed.replace('client', 'other'), listed.replace('client', 'a.client')]) {
        publish(other)
        const { away, last } = await ada.follow(oauth.begin(other, plain).url)
        expect([away, last.status]).toEqual([null, 400])
      }
      expect(documents.asked).toEqual([])
      publish(listed)
      expect((await ada.authorize(oauth.begin(listed, plain).url)).searchParams.get('code')).not.toBeNull()
      expect(documents.asked).toEqual(['/app.json'])
    } finally {
      documents.close()
    }
  })
})
