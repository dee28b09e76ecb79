import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../../test/support/certificates.ts'
import { startDocumentServer } from '../../test/support/document-server.ts'
import type { DocumentServer } from '../../test/support/document-server.ts'
import { stoppedClock } from '../../test/support/stopped-clock.ts'
import { reportSkippedSuite } from '../../test/support/skipped-suites.ts'
import { createDocumentReader, isDocumentHost, isDocumentUrl } from './client-document.ts'
import { createGuardedFetch, publicInternet } from './guarded-fetch.ts'

if (!hasOpenssl) reportSkippedSuite('metadata documents', 'there is no openssl to make certificates with')

describe('auth 9: a client id is the URL of a metadata document', () => {
  it.each([
    'https://client.example/metadata.json',
    'https://client.example:8443/a/b',
    'https://client.example/a?b=c',
    'https://client.example/%20',
  ])('%s', (id) => {
    expect(isDocumentUrl(id)).toBe(true)
  })

  it.each([
    ['with no path', 'https://client.example'],
    ['with no path but a slash', 'https://client.example/'],
    ['by http', 'http://client.example/metadata.json'],
    ['with a fragment', 'https://client.example/a#b'],
    ['with an empty fragment', 'https://client.example/a#'],
    ['with a user name', 'https://me@client.example/a'],
    ['with a dot segment', 'https://client.example/a/../b'],
    ['with a single dot', 'https://client.example/./b'],
    ['with an encoded dot segment', 'https://client.example/a/%2e%2e/b'],
    ['with the host in capitals', 'https://Client.example/a'],
    ['with the default port', 'https://client.example:443/a'],
    ['with a space', 'https://client.example/a b'],
    ['with a backslash', 'https://client.example\\a'],
    ['with a line break', 'https://client.example/a\n'],
    ['with a decimal address', 'https://2130706433/a'],
    ['that is another thing', 'cli_abc'],
    ['that is empty', ''],
    ['that is too long', `https://client.example/${'a'.repeat(2048)}`],
  ])('not one %s', (_, id) => {
    expect(isDocumentUrl(id)).toBe(false)
  })

  it('of a host that is wanted, with its port, and of no host below or above it', () => {
    const wanted = (id: string) => isDocumentHost(id, ['Client.example', 'other.example:8443'])
    expect(isDocumentHost('https://any.example/a', [])).toBe(true)
    expect([wanted('https://client.example/a'), wanted('https://other.example:8443/a')]).toEqual([true, true])
    for (const url of [
      'https://client.example:8443/a',
      'https://other.example/a',
      'https://x.client.example/a',
      'https://example/a',
      'https://client.example.evil.example/a',
    ]) {
      expect(wanted(url)).toBe(false)
    }
  })
})

describe.skipIf(!hasOpenssl)('auth 9: a metadata document', () => {
  let server: DocumentServer
  const clock = stoppedClock()
  beforeAll(async () => {
    server = await startDocumentServer()
  })
  afterAll(() => server.close())
  const read = (path: string, hosts: readonly string[] = []) =>
    createDocumentReader({ hosts }, { fetch: createGuardedFetch(server.reach), clock })(server.url(path))
  const document = (path: string, more: object = {}) => ({
    client_id: server.url(path),
    client_name: 'Example',
    redirect_uris: ['http://127.0.0.1/cb'],
    token_endpoint_auth_method: 'none',
    ...more,
  })

  it('is read when it names itself', async () => {
    server.serve('/ok.json', document('/ok.json'))
    expect(await read('/ok.json')).toEqual({
      outcome: 'read',
      freshUntil: clock.now() + 3_600_000,
      metadata: {
        client_name: 'Example',
        redirect_uris: ['http://127.0.0.1/cb'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        application_type: 'web',
      },
    })
    expect(await read('/ok.json', ['client.test'])).toMatchObject({ outcome: 'failed', passing: false })
    expect(await read('/ok.json', [`client.test:${server.port}`])).toMatchObject({ outcome: 'read' })
  })

  it.each([
    ['max-age', { 'cache-control': 'public, max-age=600' }, 600],
    ['max-age less what it was kept elsewhere', { 'cache-control': 'max-age=900', age: '100' }, 800],
    [
      'max-age over Expires',
      { 'cache-control': 'max-age=600', expires: 'Thu, 01 Jan 2099 00:00:00 GMT' },
      600,
    ],
    [
      'Expires against the sender’s own clock',
      { date: 'Thu, 01 Jan 2026 00:00:00 GMT', expires: 'Thu, 01 Jan 2026 02:00:00 GMT' },
      7200,
    ],
    ['a day at most', { 'cache-control': 'max-age=9999999' }, 86_400],
    ['five minutes at least', { 'cache-control': 'max-age=0' }, 300],
    ['five minutes where it must not be kept', { 'cache-control': 'no-store, max-age=600' }, 300],
    ['five minutes where it has expired', { expires: '0' }, 300],
    ['an hour where nothing is said', {}, 3600],
  ])('holds as HTTP says: %s', async (_, headers, seconds) => {
    server.serve('/kept.json', document('/kept.json'), { ...headers })
    expect(await read('/kept.json')).toMatchObject({ freshUntil: clock.now() + seconds * 1000 })
  })

  it.each([
    ['of another client', { client_id: 'https://client.test/other.json' }, 'client_id'],
    ['without a client id', { client_id: undefined }, 'client_id'],
    [
      'with a shared secret',
      { token_endpoint_auth_method: 'client_secret_basic' },
      'token_endpoint_auth_method',
    ],
    ['with a secret for all to read', { client_secret: 'x' }, 'client_secret'],
    ['with foreign http', { redirect_uris: ['http://evil.example/'] }, 'redirect_uris'],
    ['with keys on this machine by http', { jwks_uri: 'http://127.0.0.1/jwks' }, 'jwks_uri'],
  ])('is refused: one %s', async (_, more, says) => {
    server.serve('/bad.json', document('/bad.json', more))
    const got = await read('/bad.json')
    expect(got).toMatchObject({ outcome: 'failed', passing: false })
    expect(got).toHaveProperty('problem', expect.stringContaining(says))
  })

  it.each(['[]', 'null', '"x"', '{', ''])('is refused: %j', async (text) => {
    server.handle('/text.json', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    })
    expect(await read('/text.json')).toMatchObject({ outcome: 'failed', passing: false })
  })

  it.each([
    [404, false],
    [410, false],
    [304, false],
    [429, true],
    [500, true],
    [503, true],
  ])('is not there: status %i', async (status, passing) => {
    server.handle('/status.json', (_, response) => void response.writeHead(status).end())
    expect(await read('/status.json')).toMatchObject({ outcome: 'failed', passing })
  })

  it('does not speak for a host that redirects to it', async () => {
    server.serve('/elsewhere.json', document('/redirected.json'))
    server.handle('/redirected.json', (_, response) => {
      response.writeHead(302, { location: '/elsewhere.json' }).end()
    })
    const before = server.asked.length
    expect(await read('/redirected.json')).toMatchObject({ outcome: 'failed', passing: false })
    expect(server.asked.slice(before)).toEqual(['/redirected.json'])
  })

  it('on this machine is never asked for', async () => {
    const guarded = createDocumentReader({ hosts: [] }, { fetch: createGuardedFetch(publicInternet), clock })
    const before = server.connections()
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '169.254.169.254']) {
      const got = await guarded(`https://${host}:${server.port}/ok.json`)
      expect(got).toMatchObject({ outcome: 'failed', problem: expect.stringContaining('address_refused') })
    }
    expect(server.connections()).toBe(before)
  })
})
