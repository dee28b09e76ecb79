import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../../test/support/certificates.ts'
import { byAdmin, openClientScene } from '../../test/support/client-scene.ts'
import type { ClientScene } from '../../test/support/client-scene.ts'
import { startDocumentServer } from '../../test/support/document-server.ts'
import type { DocumentServer } from '../../test/support/document-server.ts'
import { reportSkippedSuite } from '../../test/support/skipped-suites.ts'
import { publicInternet } from './guarded-fetch.ts'

if (!hasOpenssl) reportSkippedSuite('clients by document', 'there is no openssl to make certificates with')

const minute = 60_000
const hour = 60 * minute

let scene: ClientScene
beforeEach(async () => {
  scene = await openClientScene()
})
afterEach(() => scene.close())

describe.skipIf(!hasOpenssl)('auth 9: a client named by its metadata document', () => {
  let server: DocumentServer
  beforeAll(async () => {
    server = await startDocumentServer()
  })
  afterAll(() => server.close())
  let paths = 0
  /** Serves a document at a path of its own; answers its URL and path. */
  const publish = (more: object = {}, headers: Record<string, string> = {}) => {
    paths += 1
    const path = `/client-${paths}.json`
    const url = server.url(path)
    const document = { client_id: url, redirect_uris: ['http://127.0.0.1/cb'], ...more }
    server.serve(path, document, headers)
    const serve = (again: object) => server.serve(path, { ...document, ...again }, headers)
    const fail = (status: number) =>
      server.handle(path, (_, response) => void response.writeHead(status).end())
    return { url, path, serve, fail, asked: () => server.asked.filter((one) => one === path).length }
  }

  it('is read once and kept as long as HTTP says', async () => {
    const { url, serve, asked } = publish({}, { 'cache-control': 'max-age=600' })
    const { find } = scene.directory(server.reach)
    const first = await find(url)
    expect(first).toMatchObject({ status: 'active', origin: 'metadata_document', workspace: null })
    expect(first?.metadata).toMatchObject({
      client_id: url,
      client_name: `client.test:${server.port}`,
      token_endpoint_auth_method: 'none',
    })
    serve({ client_name: 'Changed' })
    scene.clock.advance(599_000)
    expect(await find(url)).toEqual(first)
    expect(asked()).toBe(1)
    scene.clock.advance(1000)
    expect((await find(url))?.metadata).toMatchObject({ client_name: 'Changed' })
    expect(asked()).toBe(2)
    expect(scene.said).toEqual([
      'cache_used client_metadata miss',
      'client_registered active metadata_document',
      'cache_used client_metadata hit',
      'cache_used client_metadata miss',
    ])
  })

  it('is asked for once by many at a time, and is registered once by two processes', async () => {
    const { url, asked } = publish()
    const [one, two] = [scene.directory(server.reach), scene.directory(server.reach)]
    const found = await Promise.all([one, one, one, two, two].map(({ find }) => find(url)))
    expect(found.every((entry) => entry?.status === 'active')).toBe(true)
    expect(asked()).toBe(2)
    expect(scene.said.filter((line) => line.startsWith('client_registered'))).toHaveLength(1)
  })

  it('that cannot be had is not asked for again at once', async () => {
    const { url, fail, serve, asked } = publish()
    fail(404)
    const { find } = scene.directory(server.reach)
    expect([await find(url), await find(url)]).toEqual([undefined, undefined])
    expect(asked()).toBe(1)
    serve({})
    scene.clock.advance(30_000)
    expect(await find(url)).toMatchObject({ status: 'active' })
    expect(scene.said.slice(0, 2)).toEqual([
      'cache_used client_metadata error',
      'cache_used client_metadata error',
    ])
  })

  it('holds on for a day while its host is away, and not when it is gone or wrong', async () => {
    const { url, fail, serve } = publish()
    const { find } = scene.directory(server.reach)
    await find(url)
    fail(503)
    scene.clock.advance(2 * hour)
    expect(await find(url)).toMatchObject({ status: 'active' })
    expect(await find(url)).toMatchObject({ status: 'active' })
    scene.clock.advance(24 * hour)
    expect(await find(url)).toBeUndefined()
    serve({})
    scene.clock.advance(minute)
    expect(await find(url)).toBeDefined()
    fail(410)
    scene.clock.advance(2 * hour)
    expect([await find(url), await find(url)]).toEqual([undefined, undefined])
    serve({ client_id: 'https://client.test/other.json' })
    scene.clock.advance(minute)
    expect(await find(url)).toBeUndefined()
  })

  it('T19: waits for approval, and again when its document leads elsewhere', async () => {
    const { url, serve } = publish()
    const { find } = scene.directory(server.reach, { approvalRequired: true })
    expect(await find(url)).toMatchObject({ status: 'pending' })
    expect(await scene.clients({ approvalRequired: true }).approve(url, byAdmin)).toBe(true)
    scene.clock.advance(2 * hour)
    expect(await find(url)).toMatchObject({ status: 'active' })
    serve({ redirect_uris: ['http://127.0.0.1/cb', 'https://evil.example/cb'] })
    scene.clock.advance(2 * hour)
    expect(await find(url)).toMatchObject({ status: 'pending' })
  })

  it('stays rejected, and is asked for no more', async () => {
    const { url, asked } = publish()
    const { find } = scene.directory(server.reach)
    await find(url)
    await scene.clients().revoke(url, byAdmin)
    scene.clock.advance(48 * hour)
    expect(await find(url)).toMatchObject({ status: 'inactive' })
    expect(asked()).toBe(1)
  })

  it('comes from wanted hosts only, also after it was let in', async () => {
    const { url, asked } = publish()
    const host = `client.test:${server.port}`
    expect(await scene.directory(server.reach, { hosts: [host] }).find(url)).toBeDefined()
    expect(await scene.directory(server.reach, { hosts: ['other.example'] }).find(url)).toBeUndefined()
    expect(await scene.directory(null).find(url)).toBeUndefined()
    expect(asked()).toBe(1)
  })

  it('on this machine or a metadata service is never asked for, and leaves no row', async () => {
    const { find } = scene.directory({ ...publicInternet, ca: server.reach.ca })
    const before = server.connections()
    for (const host of [
      '127.0.0.1',
      'localhost',
      '[::1]',
      '169.254.169.254',
      '10.0.0.1',
      '[fd00:ec2::254]',
    ]) {
      expect(await find(`https://${host}:${server.port}/client-1.json`)).toBeUndefined()
    }
    expect(await find('https://2130706433/client-1.json')).toBeUndefined()
    expect(server.connections()).toBe(before)
    expect(await scene.store.clients.list({})).toEqual([])
  })

  it('T51: holds no grant for itself and no secret', async () => {
    const { url } = publish({ grant_types: ['authorization_code', 'client_credentials'] })
    const { find, checkSecret } = scene.directory(server.reach)
    expect((await find(url))?.metadata['grant_types']).toEqual(['authorization_code'])
    expect(await checkSecret(url, '')).toBe(false)
    expect(await scene.directory(server.reach).find(publish({ client_secret: 'x' }).url)).toBeUndefined()
  })
})
