import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { SignJWT } from 'jose'
import { send } from './catalogue-scene.ts'
import { signedIn } from './drive-sign-in.ts'
import { basic, deviceGrant, redirectUri, tokensOf } from './oauth-caller.ts'
import type { Known, SignInScene } from './sign-in-scene.ts'

const day = 86_400_000

/** Clients of each kind, consents by each flow, tokens by each grant, and how each of them ends. */
export async function driveGrants(scene: SignInScene): Promise<void> {
  const { oauth, clock, gateway } = scene
  const person = await signedIn(scene, 'owner')
  const client = await oauth.register()
  const first = await oauth.connect(person, client)
  const second = tokensOf((await oauth.refresh(client, first.refresh)).body)
  await oauth.refresh(client, second.refresh)
  clock.advance(60_000)
  // Its successor has been used, and the grace is over.
  await oauth.refresh(client, first.refresh)
  await oauth.refresh(client, second.refresh)
  await oauth.refresh(client, 'nobodys')

  const third = await oauth.connect(person, client)
  await oauth.post('/oauth/revoke', { token: third.access, client_id: client.id })
  await oauth.post('/oauth/introspect', { token: third.refresh, client_id: client.id })
  // One that nobody has consented to yet.
  const screenless = await oauth.register()
  await device(scene, person, screenless, false)
  await device(scene, person, screenless, true)
  await person.browser.submit('/account/apps', '/account/apps/revoke')
  await removedByItself(scene, person)

  const service = await scene.addClient({
    confidential: true,
    grantTypes: ['client_credentials'],
    redirectUris: [],
    workspace: 'default',
  })
  await oauth.post(
    '/oauth/token',
    { grant_type: 'client_credentials', scope: 'code:read' },
    basic(service.id, service.secret),
  )
  await documentClient(scene, person)

  const late = await oauth.register()
  const { refresh } = await oauth.connect(person, late)
  await oauth.post('/oauth/device_authorization', { client_id: screenless.id })
  clock.advance(2 * day)
  await oauth.refresh(late, refresh)
  await gateway.composed.runJobs()
}

async function device(
  { oauth }: SignInScene,
  person: Known,
  { id }: { readonly id: string },
  denies: boolean,
): Promise<void> {
  const { body } = await oauth.post('/oauth/device_authorization', { client_id: id })
  await person.connectDevice(String(body['user_code']), { denies })
  const code = String(body['device_code'])
  await oauth.post('/oauth/token', { grant_type: deviceGrant, device_code: code, client_id: id })
}

/** A client that takes itself away takes the consents it was given with it. */
async function removedByItself({ oauth }: SignInScene, person: Known): Promise<void> {
  const leaving = await oauth.register()
  await oauth.connect(person, leaving)
  const authorization = `Bearer ${leaving.registrationToken}`
  await oauth.send(`/oauth/register/${leaving.id}`, { method: 'DELETE', headers: { authorization } })
}

/** A client by its document: read, kept, and gone. */
async function documentClient({ oauth, documents, clock }: SignInScene, person: Known): Promise<void> {
  const id = documents.url('/client.json')
  const metadata = { client_id: id, client_name: 'Editor', redirect_uris: [redirectUri] }
  documents.serve('/client.json', { ...metadata, token_endpoint_auth_method: 'none' })
  await oauth.connect(person, { id })
  documents.serve('/client.json', 'gone')
  clock.advance(2 * 3_600_000)
  await person.follow(oauth.begin(id).url)
}

/** What the authorization server refuses because of who asks. */
export async function driveRefusedClients(scene: SignInScene): Promise<void> {
  const { oauth, gateway, clock, alter } = scene
  const person = await signedIn(scene, 'victim')
  const client = await oauth.register()
  const { code, begun } = await oauth.connect(person, client)
  await oauth.redeem(client, code, begun.verifier)
  const other = oauth.begin(client.id)
  const back = await person.authorize(other.url)
  await oauth.redeem(client, back.searchParams.get('code') ?? '', 'x'.repeat(43))
  await person.follow(oauth.begin(client.id, { redirect_uri: 'https://elsewhere.example/cb' }).url)
  await person.follow(oauth.begin(client.id, { resource: 'https://elsewhere.example/mcp' }).url)
  await person.follow(oauth.begin('nobodys').url)
  const confidential = await oauth.register({ token_endpoint_auth_method: 'client_secret_basic' })
  await oauth.post('/oauth/token', { grant_type: 'client_credentials' }, basic(confidential.id, 'wrong'))
  await person.browser.get('/device')
  await person.browser.post('/device', { xsrf: 'forged', user_code: 'BCDF-GHJK' })
  await replayedAssertion(scene)

  const ended = await oauth.register()
  alter(`update clients set status = 'inactive' where id = '${ended.id}'`)
  await person.follow(oauth.begin(ended.id).url)
  const leaver = await signedIn(scene, 'leaver')
  const { refresh } = await oauth.connect(leaver, client)
  const now = clock.now()
  await gateway.store.users.setDisabled(leaver.userId, now, now, { kind: 'admin', id: null })
  await oauth.refresh(client, refresh)
  await person.browser.get('/account', { Origin: 'https://evil.example' })
  await oauth.post('/oauth/token', {}, { origin: 'https://evil.example' })
  for (const path of ['/account', '/oauth/authorize'])
    await send(gateway.port, path, { headers: { host: 'evil.example' } })
}

async function replayedAssertion({ oauth, gateway }: SignInScene): Promise<void> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'one', alg: 'ES256', use: 'sig' }
  const { id } = await oauth.register({
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [jwk] },
  })
  const client_assertion = await new SignJWT({ jti: randomUUID() })
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(id)
    .setSubject(id)
    .setAudience(gateway.url)
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .sign(privateKey)
  const client_assertion_type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  for (let count = 0; count < 2; count += 1)
    await oauth.refresh({ id }, 'nobodys', { client_assertion, client_assertion_type })
}
