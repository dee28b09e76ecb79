import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hasOpenssl } from '../../test/support/certificates.ts'
import { resolvesTo, startDocumentServer } from '../../test/support/document-server.ts'
import type { DocumentServer } from '../../test/support/document-server.ts'
import { reportSkippedSuite } from '../../test/support/skipped-suites.ts'
import { asFetch, createGuardedFetch, publicInternet } from './guarded-fetch.ts'
import type { FetchLimits, Reach } from './guarded-fetch.ts'

if (!hasOpenssl) reportSkippedSuite('the guarded fetch', 'there is no openssl to make certificates with')

const failed = (problem: string) => ({ outcome: 'failed', problem })
const noRedirects: FetchLimits = { redirects: 0 }
const someRedirects: FetchLimits = { redirects: 3 }

describe.skipIf(!hasOpenssl)('auth 9: the guarded fetch', () => {
  let server: DocumentServer
  beforeAll(async () => {
    server = await startDocumentServer()
    server.serve('/ok', { is: 'ok' }, { 'cache-control': 'max-age=60', 'set-cookie': 'a=1' })
  })
  afterAll(() => server.close())
  const get = (path: string, limits = noRedirects, reach: Reach = server.reach) =>
    createGuardedFetch(reach)(server.url(path), limits)
  const redirect = (from: string, to: string) =>
    server.handle(from, (_, response) => void response.writeHead(302, { location: to }).end())

  it('reads JSON over TLS, and shows nothing of us but what it wants', async () => {
    server.handle('/seen', (request, response) => {
      response.setHeader('content-type', 'application/cimd+json; charset=utf-8')
      response.end(JSON.stringify(request.headers))
    })
    const got = await get('/seen')
    if (got.outcome !== 'answered') throw new Error(got.problem)
    const seen = JSON.parse(got.text) as Record<string, string>
    expect(Object.keys(seen).toSorted()).toEqual([
      'accept',
      'accept-encoding',
      'connection',
      'host',
      'user-agent',
    ])
    expect(await get('/ok')).toMatchObject({ outcome: 'answered', status: 200, text: '{"is":"ok"}' })
  })

  it('does not trust a certificate of nobody known', async () => {
    const { allows, lookup } = server.reach
    expect(await get('/ok', noRedirects, { allows, lookup, ca: null })).toEqual(failed('unreachable'))
  })

  it('is given up after its time, with the headers or in the middle of the body', async () => {
    server.handle('/silent', () => {})
    server.handle('/slow', (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).write('{')
    })
    const hasty = createGuardedFetch(server.reach, 250)
    expect(await hasty(server.url('/silent'), noRedirects)).toEqual(failed('too_slow'))
    expect(await hasty(server.url('/slow'), noRedirects)).toEqual(failed('too_slow'))
  })

  it('reads 64 KiB and no more, whatever length is announced', async () => {
    const json = { 'content-type': 'application/json' }
    server.handle('/full', (_, response) => void response.writeHead(200, json).end('1'.repeat(65_536)))
    server.handle('/long', (_, response) => void response.writeHead(200, json).end('1'.repeat(65_537)))
    server.handle('/endless', (_, response) => {
      response.writeHead(200, json)
      const more = () => {
        while (response.write('1'.repeat(10_000)));
        response.once('drain', more)
      }
      more()
    })
    expect(await get('/full')).toMatchObject({ outcome: 'answered' })
    expect(await get('/long')).toEqual(failed('too_large'))
    expect(await get('/endless')).toEqual(failed('too_large'))
  })

  it.each([
    ['HTML', { 'content-type': 'text/html' }],
    ['no type', {}],
    ['a type that only begins like JSON', { 'content-type': 'application/jsonp' }],
    ['a compressed body', { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
  ])('takes no %s', async (_, headers) => {
    server.handle('/typed', (_request, response) => void response.writeHead(200, { ...headers }).end('{}'))
    expect(await get('/typed')).toEqual(failed('not_json'))
  })

  it('passes on a status other than 200 without what came with it', async () => {
    expect(await get('/missing')).toMatchObject({ outcome: 'answered', status: 404, text: '' })
  })

  it('follows as many redirects as it is told, and none otherwise', async () => {
    redirect('/1', '/2')
    redirect('/2', '/3')
    redirect('/3', server.url('/ok'))
    redirect('/0', '/1')
    expect(await get('/1', someRedirects)).toMatchObject({ outcome: 'answered', text: '{"is":"ok"}' })
    expect(await get('/0', someRedirects)).toEqual(failed('too_many_redirects'))
    expect(await get('/1')).toMatchObject({ outcome: 'answered', status: 302, text: '' })
  })

  it('asks about each URL before it goes there', async () => {
    redirect('/away', `https://other.test:${server.port}/ok`)
    const before = server.asked.length
    const allowsUrl = ({ hostname }: URL) => hostname === 'client.test'
    expect(await get('/away', { ...someRedirects, allowsUrl })).toEqual(failed('host_refused'))
    expect(server.asked.slice(before)).toEqual(['/away'])
  })

  it('gives a library a fetch that only reads', async () => {
    const fetch = asFetch(createGuardedFetch(server.reach))
    const answer = await fetch(server.url('/ok'), { headers: { authorization: 'Bearer x' } })
    expect([answer.status, await answer.json()]).toEqual([200, { is: 'ok' }])
    expect([answer.headers.get('cache-control'), answer.headers.get('set-cookie')]).toEqual([
      'max-age=60',
      null,
    ])
    await expect(fetch(server.url('/ok'), { method: 'POST', body: 'x' })).rejects.toThrow('Only GET')
    await expect(asFetch(createGuardedFetch(publicInternet))(server.url('/ok'))).rejects.toThrow(
      'cannot be used',
    )
  })
})

describe('auth 9: without a test saying otherwise, nothing of this machine or its network is reached', () => {
  /** Counts whoever gets through; what it would answer does not matter. */
  const listeners: Server[] = []
  let connections = 0
  let port = 0
  beforeAll(async () => {
    const listen = async (host: string, at: number) => {
      const listener = createServer((socket) => {
        connections += 1
        socket.destroy()
      }).listen(at, host)
      await once(listener, 'listening')
      listeners.push(listener)
      return (listener.address() as AddressInfo).port
    }
    port = await listen('127.0.0.1', 0)
    // A machine may have no IPv6 at all.
    await listen('::1', port).catch(() => {})
  })
  afterAll(() => {
    for (const listener of listeners) listener.close()
  })
  beforeEach(() => {
    connections = 0
  })
  const guarded = createGuardedFetch(publicInternet)

  it('but this machine would be, were it let: the count below can rise', async () => {
    const reach: Reach = { ...publicInternet, allows: () => true }
    for (const host of ['127.0.0.1', '[::ffff:127.0.0.1]', '0x7f000001', 'localhost']) {
      await createGuardedFetch(reach)(`https://${host}:${port}/`, noRedirects)
    }
    expect(connections).toBeGreaterThanOrEqual(4)
  })

  it.each([
    ['loopback', '127.0.0.1'],
    ['another loopback address', '127.8.8.8'],
    ['the unspecified address', '0.0.0.0'],
    ['IPv6 loopback', '[::1]'],
    ['IPv6 unspecified', '[::]'],
    ['IPv4-mapped loopback', '[::ffff:127.0.0.1]'],
    ['IPv4-mapped metadata', '[::ffff:a9fe:a9fe]'],
    ['NAT64 loopback', '[64:ff9b::127.0.0.1]'],
    ['6to4 loopback', '[2002:7f00:1::]'],
    ['a metadata service', '169.254.169.254'],
    ['a metadata service over IPv6', '[fd00:ec2::254]'],
    ['a private network', '10.0.0.1'],
    ['another', '172.16.0.1'],
    ['a third', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'],
    ['link-local', '[fe80::1]'],
    ['multicast', '224.0.0.1'],
    ['a decimal address', '2130706433'],
    ['an octal address', '0177.0.0.1'],
    ['a hexadecimal address', '0x7f000001'],
    ['a short address', '127.1'],
    ['an address with a dot behind', '127.0.0.1.'],
    ['an address in full-width digits', '１２７.0.0.1'],
    ['an encoded address', '%31%32%37.0.0.1'],
    ['a name for loopback', 'localhost'],
  ])('not %s', async (_, host) => {
    for (const limits of [noRedirects, someRedirects]) {
      const got = await guarded(`https://${host}:${port}/latest/meta-data`, limits)
      expect(got).toEqual(failed('address_refused'))
    }
    expect(connections).toBe(0)
  })

  it.each([
    ['loopback', ['127.0.0.1']],
    ['loopback in IPv6', ['::1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['a metadata service', ['169.254.169.254']],
  ])('not a name that resolves to %s', async (_, addresses) => {
    const reach = { ...publicInternet, lookup: resolvesTo(...addresses) }
    expect(await createGuardedFetch(reach)(`https://client.test:${port}/`, noRedirects)).toEqual(
      failed('address_refused'),
    )
    expect(connections).toBe(0)
  })

  it('not a name with one public address and one of this machine', async () => {
    const both = [
      { address: '203.0.114.1', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ]
    const reach: Reach = { ...publicInternet, lookup: (_, _options, callback) => callback(null, both) }
    expect(await createGuardedFetch(reach)(`https://client.test:${port}/`, noRedirects)).toEqual(
      failed('address_refused'),
    )
    expect(connections).toBe(0)
  })

  it.each([
    'http://127.0.0.1/',
    'http://example.com/',
    'ftp://example.com/',
    'file:///etc/passwd',
    'data:,x',
    'x',
    '',
  ])('not by %j, which is not https', async (url) => {
    expect(await guarded(url, someRedirects)).toEqual(failed('not_https'))
  })

  it('not with a user name in front of it', async () => {
    expect(await guarded('https://example.com@127.0.0.1/', someRedirects)).toEqual(failed('not_https'))
  })
})

describe.skipIf(!hasOpenssl)('auth 9: a redirect is judged like the URL it comes from', () => {
  let server: DocumentServer
  let inner: DocumentServer
  beforeAll(async () => {
    server = await startDocumentServer()
    inner = await startDocumentServer()
    inner.serve('/secret', { secret: true })
  })
  afterAll(() => {
    server.close()
    inner.close()
  })
  it.each([
    ['loopback', (port: number) => `https://127.0.0.1:${port}/secret`],
    ['loopback in IPv6', (port: number) => `https://[::1]:${port}/secret`],
    ['a mapped address', (port: number) => `https://[::ffff:127.0.0.1]:${port}/secret`],
    ['a decimal address', (port: number) => `https://2130706433:${port}/secret`],
    ['a name for loopback', (port: number) => `https://localhost:${port}/secret`],
    ['a metadata service', () => 'https://169.254.169.254/latest/meta-data'],
    ['plain http', (port: number) => `http://127.0.0.1:${port}/secret`],
  ])('to %s it is not followed', async (_, target) => {
    server.handle('/from', (_request, response) => {
      response.writeHead(307, { location: target(inner.port) }).end()
    })
    let looks = 0
    const reach: Reach = {
      ca: server.reach.ca,
      // The first hop reaches the test's server; from then on the product's own judgement holds.
      allows: (address) => {
        looks += 1
        return looks === 1 || publicInternet.allows(address)
      },
      lookup: (name, options, callback) =>
        (name === 'client.test' ? server.reach : publicInternet).lookup(name, options, callback),
    }
    const got = await createGuardedFetch(reach)(server.url('/from'), someRedirects)
    expect(got).toEqual(failed(target(1).startsWith('http:') ? 'not_https' : 'address_refused'))
    expect([server.asked.at(-1), inner.connections()]).toEqual(['/from', 0])
  })

  it('a name that changes its mind between two looks is judged by the address it is dialled at', async () => {
    server.handle('/again', (_, response) => void response.writeHead(302, { location: '/from' }).end())
    let looks = 0
    const reach: Reach = {
      ca: server.reach.ca,
      // The first address looks public to the test; the second is the same name, now on this machine.
      allows: (address) => {
        looks += 1
        return looks === 1 || publicInternet.allows(address)
      },
      lookup: resolvesTo('127.0.0.1'),
    }
    const before = server.connections()
    expect(await createGuardedFetch(reach)(server.url('/again'), someRedirects)).toEqual(
      failed('address_refused'),
    )
    expect([looks, server.connections() - before]).toEqual([2, 1])
  })
})
