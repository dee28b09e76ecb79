import { decodeJwt, exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ask, initializeCall } from '../support/asking.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { sallyport } from '../support/sallyport-command.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { redirectUri } from './independent-client.ts'
import type { IndependentLibrary, Known } from './independent-client.ts'
import { startScene } from './scene.ts'
import type { Scene } from './scene.ts'
import { withOauth4webapi } from './with-oauth4webapi.ts'
import { withOpenidClient } from './with-openid-client.ts'

if (!hasOpenssl) reportSkippedSuite('grants of independent clients', 'openssl is missing')

const libraries: readonly (readonly [string, IndependentLibrary])[] = [
  ['oauth4webapi', withOauth4webapi],
  ['openid-client', withOpenidClient],
]
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code'
const metadata = {
  client_name: 'Independent',
  redirect_uris: [redirectUri],
  grant_types: ['authorization_code', 'refresh_token', deviceGrant],
}

describe.skipIf(!hasOpenssl).each(libraries)('%s', (name, library) => {
  let scene: Scene
  let documents: DocumentServer

  beforeAll(async () => {
    documents = await startDocumentServer()
    scene = await startScene({
      entry: { scopes: ['notes:read', 'notes:write'] },
      reach: documents.reach,
      settings: { limits: { enabled: false } },
    })
  })
  afterAll(async () => {
    await scene.close()
    documents.close()
  })

  const fields = [['Accept', 'application/json, text/event-stream']] as const
  const callStatus = async (key: string) =>
    (await ask(scene.gateway.port, { key, body: initializeCall(), fields })).status

  /** A client that is registered in each of the ways to show who it is. */
  const ways: Readonly<Record<string, () => Promise<Known>>> = {
    async none() {
      const { id } = await library.register(scene.gateway.url, {
        ...metadata,
        token_endpoint_auth_method: 'none',
      })
      return { id, by: { method: 'none' } }
    },
    client_secret_basic: () => withSecret('client_secret_basic'),
    client_secret_post: () => withSecret('client_secret_post'),
    async private_key_jwt() {
      const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
      const keys = [{ ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256', use: 'sig' }]
      documents.serve(`/${name}-keys.json`, { keys })
      const { id } = await library.register(scene.gateway.url, {
        ...metadata,
        token_endpoint_auth_method: 'private_key_jwt',
        jwks_uri: documents.url(`/${name}-keys.json`),
      })
      return { id, by: { method: 'private_key_jwt', key: privateKey, kid: 'one' } }
    },
    async 'clients add'() {
      const args = ['clients', 'add', '--name', 'By hand', '--redirect-uri', redirectUri, '--confidential']
      const grants = ['authorization_code', 'refresh_token', 'device_code'].flatMap((one) => ['--grant', one])
      const added = await sallyport<Added>(scene.gateway.location, ...args, ...grants)
      return { id: added.client.id, by: { method: 'client_secret_basic', secret: added.secret } }
    },
  }
  const withSecret = async (method: 'client_secret_basic' | 'client_secret_post'): Promise<Known> => {
    const { id, secret = '' } = await library.register(scene.gateway.url, {
      ...metadata,
      token_endpoint_auth_method: method,
    })
    return { id, by: { method, secret } }
  }

  it.each(['none', 'client_secret_basic', 'client_secret_post', 'private_key_jwt', 'clients add'])(
    'auth 12, 16: every grant of a person, introspection and revocation: %s',
    async (way) => {
      const known = (await ways[way]?.()) ?? { id: '', by: { method: 'none' } }
      const client = await library.open(scene.gateway.url, known, 'oauth2')
      const person = await scene.meet(`${name}-${way.replaceAll(/\W/g, '-')}`)

      const first = await client.byCode(person)
      expect(first.scope).toBe('notes:read notes:write')
      expect(await callStatus(first.access)).toBe(200)
      const second = await client.byRefresh(first.refresh ?? '')
      expect(await callStatus(second.access)).toBe(200)
      expect(decodeJwt(second.access)['grant_id']).toBe(decodeJwt(first.access)['grant_id'])
      const narrow = await client.byRefresh(second.refresh ?? '', 'notes:read')
      expect(narrow.scope).toBe('notes:read')
      expect(await callStatus(narrow.access)).toBe(403)

      if (known.by.method !== 'none') {
        expect(await client.introspect(second.access)).toMatchObject({ active: true, sub: person.userId })
        expect(await client.introspect(narrow.refresh ?? '')).toMatchObject({ active: true })
      }
      await client.revoke(narrow.refresh ?? '')
      for (const { access } of [first, second, narrow]) expect(await callStatus(access)).toBe(401)
      await expect(client.byRefresh(narrow.refresh ?? '')).rejects.toMatchObject({ error: 'invalid_grant' })
      if (known.by.method !== 'none') expect(await client.introspect(second.access)).toEqual({ active: false })

      const device = await client.byDevice(person)
      expect(decodeJwt(device.access)).toMatchObject({ sub: person.userId, client_id: known.id })
      expect(await callStatus(device.access)).toBe(200)
      await client.revoke(device.access)
      expect(await callStatus(device.access)).toBe(401)
      expect(await callStatus((await client.byRefresh(device.refresh ?? '')).access)).toBe(200)
    },
  )

  it('auth 12: client_credentials of a client that the command line made', async () => {
    const words = ['clients', 'add', '--name', 'CI', '--confidential', '--workspace', 'default']
    const { client, secret } = await sallyport<Added>(
      scene.gateway.location,
      ...words,
      '--grant',
      'client_credentials',
    )
    const known: Known = { id: client.id, by: { method: 'client_secret_basic', secret } }
    const robot = await library.open(scene.gateway.url, known, 'oauth2')
    const granted = await robot.byItself()
    expect(granted.refresh).toBeUndefined()
    expect(decodeJwt(granted.access)).toMatchObject({ sub: `svc_${client.id}`, workspace: 'default' })
    expect(await callStatus(granted.access)).toBe(200)
    expect(await robot.introspect(granted.access)).toMatchObject({ active: true, client_id: client.id })
    await sallyport(scene.gateway.location, 'clients', 'revoke', client.id)
    expect(await callStatus(granted.access)).toBe(401)
    await expect(robot.byItself()).rejects.toMatchObject({ status: 401 })
  })

  it('auth 8: OpenID Connect discovery, an ID token of the person, and userinfo', async () => {
    const known = (await ways['none']?.()) ?? { id: '', by: { method: 'none' } }
    const client = await library.open(scene.gateway.url, known, 'oidc')
    const person = await scene.meet(`${name}-oidc`)
    const { access, subject } = await client.byCode(person, 'openid email notes:read')
    expect(subject).toBe(person.userId)
    expect(await client.userinfo(access, person.userId)).toMatchObject({
      sub: person.userId,
      email: person.email,
    })
    await expect(client.userinfo(access, 'usr_somebody')).rejects.toThrow()
  })

  it('auth 8: RFC 9207: takes no answer that another issuer could have given (mix-up)', async () => {
    const known = (await ways['none']?.()) ?? { id: '', by: { method: 'none' } }
    const client = await library.open(scene.gateway.url, known, 'oauth2')
    const person = await scene.meet(`${name}-mix-up`)
    for (const edit of [
      (back: URL) => back.searchParams.set('iss', 'https://evil.example'),
      (back: URL) => back.searchParams.set('iss', `${scene.gateway.url}/`),
      (back: URL) => back.searchParams.delete('iss'),
    ]) {
      const authorize = async (url: string | URL) => {
        const back = await person.authorize(url)
        edit(back)
        return back
      }
      await expect(client.byCode({ ...person, authorize })).rejects.toSatisfy(isAboutIssuer)
    }
    expect((await client.byCode(person)).refresh).toBeDefined()
  })
})

interface Added {
  readonly client: { readonly id: string }
  readonly secret: string
}

/** Whether the library says, or says of the cause, that `iss` is wrong. */
function isAboutIssuer(error: unknown): boolean {
  return error instanceof Error && (/\biss\b/.test(error.message) || isAboutIssuer(error.cause))
}
