import { generateKeyPairSync } from 'node:crypto'
import { Provider } from 'oidc-provider'
import type { Adapter } from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../../test/support/certificates.ts'
import { startDocumentServer } from '../../test/support/document-server.ts'
import type { DocumentServer } from '../../test/support/document-server.ts'
import { reportSkippedSuite } from '../../test/support/skipped-suites.ts'
import { asFetch, createGuardedFetch, publicInternet } from './guarded-fetch.ts'
import type { Reach } from './guarded-fetch.ts'
import { judgeRegistration } from './registration.ts'

if (!hasOpenssl) reportSkippedSuite('keys of clients', 'there is no openssl to make certificates with')

interface LibraryClient {
  readonly asymmetricKeyStore: {
    refresh(): Promise<void>
    readonly size?: number
    [Symbol.iterator](): Iterator<unknown>
  }
}

/** What the library would else make up, and say so. */
const quiet = {
  jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  adapter: () => ({}) as Adapter,
  features: { devInteractions: { enabled: false } },
}

describe.skipIf(!hasOpenssl)('auth 9: the keys a client points at', () => {
  let server: DocumentServer
  beforeAll(async () => {
    server = await startDocumentServer()
    const key = { kty: 'EC', crv: 'P-256', kid: 'k', x: 'x'.repeat(43), y: 'y'.repeat(43) }
    server.serve('/jwks', { keys: [key] })
  })
  afterAll(() => server.close())

  /** The library's own client, as it is made of what we accepted. */
  const clientWith = (jwksUri: string, reach: Reach): LibraryClient => {
    const given = {
      redirect_uris: ['https://app.example.com/cb'],
      token_endpoint_auth_method: 'private_key_jwt',
      jwks_uri: jwksUri,
      sector_identifier_uri: 'https://127.0.0.1/sector',
    }
    const judged = judgeRegistration(given, 'metadata_document')
    if (judged.outcome === 'refused') throw new Error(judged.problem)
    const fetch = asFetch(createGuardedFetch(reach))
    const provider = new Provider('https://as.example', {
      ...quiet,
      fetch,
      clientAuthMethods: ['private_key_jwt'],
    })
    const { Client } = provider as unknown as { Client: new (metadata: object) => LibraryClient }
    return new Client({ ...judged.metadata, client_id: 'x' })
  }

  it('are read by the library through the guarded fetch, redirects included', async () => {
    server.handle('/moved', (_, response) => void response.writeHead(302, { location: '/jwks' }).end())
    for (const path of ['/jwks', '/moved']) {
      const client = clientWith(server.url(path), server.reach)
      await client.asymmetricKeyStore.refresh()
      expect([...client.asymmetricKeyStore]).toHaveLength(1)
    }
  })

  it.each(['https://127.0.0.1', 'https://localhost', 'https://[::ffff:127.0.0.1]', 'https://2130706433'])(
    'are never read from %s',
    async (origin) => {
      const before = server.connections()
      const client = clientWith(`${origin}:${server.port}/jwks`, { ...publicInternet, ca: server.reach.ca })
      await expect(client.asymmetricKeyStore.refresh()).rejects.toThrow('invalid_client_metadata')
      expect(server.connections()).toBe(before)
    },
  )

  it('are never read from where a public host redirects to', async () => {
    server.handle('/inwards', (_, response) => {
      response.writeHead(302, { location: 'https://169.254.169.254/jwks' }).end()
    })
    const allows = (address: string) => address === '127.0.0.1' || publicInternet.allows(address)
    const client = clientWith(server.url('/inwards'), { ...server.reach, allows })
    await expect(client.asymmetricKeyStore.refresh()).rejects.toThrow('invalid_client_metadata')
  })
})
