import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { seriesValue } from '../support/asking.ts'
import { hasOpenssl } from '../support/certificates.ts'
import { startDocumentServer } from '../support/document-server.ts'
import type { DocumentServer } from '../support/document-server.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { OauthCaller, redirectUri } from '../support/oauth-caller.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'
import { settings, startAttackScene } from './attack-scene.ts'
import type { AttackScene } from './attack-scene.ts'

let scene: AttackScene
let upstream: AttackScene['upstream']
let oauth: AttackScene['oauth']
let ada: AttackScene['ada']
let countedOf: AttackScene['countedOf']
beforeAll(async () => {
  scene = await startAttackScene()
  ;({ upstream, oauth, ada, countedOf } = scene)
})
afterAll(() => scene.close())

describe('auth 9: metadata documents that point inwards', () => {
  it.each([
    'https://127.0.0.1/client.json',
    'https://[::1]/client.json',
    'https://localhost/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://[::ffff:169.254.169.254]/client.json',
    'https://10.0.0.1/client.json',
    'https://192.168.0.1/client.json',
    'https://2130706433/client.json',
    'https://0.0.0.0/client.json',
  ])('%s is never asked for', async (id) => {
    const canary = await listening('127.0.0.1')
    try {
      const url = new URL(id)
      if (url.hostname === '127.0.0.1' || url.hostname === 'localhost') url.port = String(canary.port)
      const attack = async () => {
        const { away, last } = await ada.follow(oauth.begin(url.href).url)
        expect([away, last.status]).toEqual([null, 400])
      }
      expect(await countedOf('metadata_document_failed', 'oauth', attack)).toBe(1)
      expect(canary.connections()).toBe(0)
    } finally {
      canary.close()
    }
  })
})

if (!hasOpenssl) reportSkippedSuite('redirects of metadata documents', 'openssl is missing')

describe.skipIf(!hasOpenssl)('auth 9: metadata documents that redirect inwards', () => {
  let documents: DocumentServer
  let own: TestGateway
  let canary: Canary
  let person: Person

  beforeAll(async () => {
    ;[documents, canary] = await Promise.all([startDocumentServer(), listening('127.0.0.2')])
    // Only the address of the document server is public here: all else of this machine is as inward as ever.
    own = await startGateway({
      upstreams: [{ name: 'code', url: upstream.url }],
      settings,
      reach: documents.reach,
    })
    person = await meet(own, 'ada@example.com')
  })
  afterAll(async () => {
    canary.close()
    await own.close()
    documents.close()
  })

  const inward = () => [
    `https://127.0.0.2:${canary.port}/`,
    `http://127.0.0.2:${canary.port}/`,
    'https://169.254.169.254/latest/meta-data',
    'https://[::1]/',
  ]

  it('are followed nowhere: the document', async () => {
    const caller = new OauthCaller(own.url)
    for (const [place, target] of inward().entries()) {
      const path = `/moved-${place}.json`
      documents.handle(path, (_, response) => void response.writeHead(302, { location: target }).end())
      const { away, last } = await person.follow(caller.begin(documents.url(path)).url)
      expect([target, away, last.status]).toEqual([target, null, 400])
    }
    const series = 'sallyport_auth_rejected_total{reason="metadata_document_failed",surface="oauth"}'
    expect(await seriesValue(own.port, series)).toBe(inward().length)
    expect(canary.connections()).toBe(0)
  })

  it('are followed nowhere: the keys it points at (jwks_uri), directly and by a redirect', async () => {
    const caller = new OauthCaller(own.url)
    const { privateKey } = await generateKeyPair('ES256')
    const now = Math.floor(Date.now() / 1000)
    const before = documents.asked.length
    for (const [place, target] of inward().entries()) {
      documents.handle(`/keys-${place}`, (_, response) => {
        response.writeHead(302, { location: target }).end()
      })
      const id = documents.url(`/app-${place}.json`)
      for (const jwks_uri of [documents.url(`/keys-${place}`), target]) {
        documents.serve(`/app-${place}.json`, {
          client_id: id,
          client_name: 'App',
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'private_key_jwt',
          jwks_uri,
        })
        const assertion = await new SignJWT({ jti: randomUUID(), iat: now, exp: now + 60 })
          .setProtectedHeader({ alg: 'ES256', kid: 'one' })
          .setIssuer(id)
          .setSubject(id)
          .setAudience(own.url)
          .sign(privateKey)
        const { status } = await caller.post('/oauth/token', {
          grant_type: 'authorization_code',
          code: 'x',
          redirect_uri: redirectUri,
          code_verifier: 'x'.repeat(43),
          client_id: id,
          client_assertion: assertion,
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        })
        expect([jwks_uri, status]).toEqual([jwks_uri, 401])
      }
    }
    expect(documents.asked.slice(before).filter((path) => path.startsWith('/keys-')).length).toBeGreaterThan(
      0,
    )
    expect(canary.connections()).toBe(0)
  })
})

interface Canary {
  readonly port: number
  connections(): number
  close(): void
}

/** Something inside that nobody outside may reach: it counts who tries. */
async function listening(host: string): Promise<Canary> {
  let connections = 0
  const server: Server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { port, connections: () => connections, close: () => void server.close() }
}
