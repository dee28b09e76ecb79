import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../src/lib/clock.ts'
import { Failure } from '../../src/lib/error.ts'
import { upstreamsOf } from '../../src/server/upstreams-of.ts'
import { probeUpstream } from '../../src/upstreams/probe.ts'
import { ask } from '../support/asking.ts'
import { hasOpenssl, makeCertificates } from '../support/certificates.ts'
import type { Certificates } from '../support/certificates.ts'
import { reasonOf } from '../support/edge.ts'
import { configOf, startGateway } from '../support/gateway.ts'
import { reportSkippedSuite } from '../support/skipped-suites.ts'

if (!hasOpenssl)
  reportSkippedSuite('TLS towards the upstream', 'there is no openssl to make certificates with')

type Entry = Readonly<Record<string, unknown>>

describe.skipIf(!hasOpenssl)('TLS towards the upstream', () => {
  let files: Certificates
  /** Takes whoever comes, and takes only who shows a certificate of the CA. */
  let open: Server
  let guarded: Server
  /** Who came, by the name in the certificate shown; null for none. */
  const visitors: (string | null)[] = []

  const start = async (cert: { cert: string; key: string }, asks: boolean) => {
    const pem = { cert: readFileSync(cert.cert), key: readFileSync(cert.key), ca: readFileSync(files.ca) }
    const wants = asks ? { requestCert: true, rejectUnauthorized: true } : {}
    const server = createServer({ ...pem, ...wants }, (request, response) => {
      const { socket } = request
      const shown = 'getPeerCertificate' in socket ? (socket as TlsSocket).getPeerCertificate() : null
      visitors.push(shown?.subject?.CN ?? null)
      response.setHeader('Content-Type', 'application/json')
      request
        .resume()
        .on('end', () => response.end('{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"x"}}'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return server
  }
  interface TlsSocket {
    getPeerCertificate(): { subject?: { CN?: string } }
  }
  beforeAll(async () => {
    files = makeCertificates()
    open = await start(files.server, false)
    guarded = await start(files.server, true)
  })
  afterAll(() => {
    for (const server of [open, guarded]) server.close().closeAllConnections()
    files.remove()
  })
  const urlOf = (server: Server, host = '127.0.0.1') =>
    `https://${host}:${(server.address() as AddressInfo).port}/mcp`

  /** One call through a gateway with this upstream: its status, and the reason when it was refused. */
  async function called(entry: Entry): Promise<readonly unknown[]> {
    const gateway = await startGateway({ upstreams: [{ name: 'code', identity: 'none', ...entry }] })
    try {
      const { key } = await gateway.createKey(await gateway.addUser('a@example.com'))
      const answer = await ask(gateway.port, { key })
      return answer.status === 200 ? [200] : [answer.status, reasonOf(answer)]
    } finally {
      await gateway.close()
    }
  }
  const mine = () => ({ cert: files.client.cert, key: files.client.key })

  it('works with a private CA', async () => {
    expect(await called({ url: urlOf(open), ca: files.ca })).toEqual([200])
    expect(await called({ url: urlOf(open, 'localhost'), ca: files.ca })).toEqual([200])
  })

  it('works with our certificate where one is asked for', async () => {
    visitors.length = 0
    expect(await called({ url: urlOf(guarded), ca: files.ca, clientCertificate: mine() })).toEqual([200])
    expect(visitors).toEqual(['client'])
  })

  it('without the CA nothing is sent: 502', async () => {
    visitors.length = 0
    expect(await called({ url: urlOf(open) })).toEqual([502, 'upstream_unreachable'])
    expect(await called({ url: urlOf(open), ca: files.stranger.cert })).toEqual([502, 'upstream_unreachable'])
    expect(visitors).toEqual([])
  })

  it('with a certificate of another name nothing is sent: 502', async () => {
    const url = urlOf(open).replace('127.0.0.1', '127.0.0.2')
    const elsewhere = createServer({
      cert: readFileSync(files.server.cert),
      key: readFileSync(files.server.key),
    })
    elsewhere.listen(0, '127.0.0.2')
    await once(elsewhere, 'listening')
    const there = url.replace(/:\d+\//, `:${(elsewhere.address() as AddressInfo).port}/`)
    expect(await called({ url: there, ca: files.ca })).toEqual([502, 'upstream_unreachable'])
    elsewhere.close()
  })

  it('without our certificate, or with one of another CA, the call fails: 502', async () => {
    visitors.length = 0
    const base = { url: urlOf(guarded), ca: files.ca }
    expect((await called(base))[0]).toBe(502)
    const { cert, key } = files.stranger
    expect((await called({ ...base, clientCertificate: { cert, key } }))[0]).toBe(502)
    expect(visitors).toEqual([])
  })

  it.each([
    ['ca', { ca: '/no/such/ca.pem' }],
    ['clientCertificate.cert', { clientCertificate: { cert: '/no/such/cert.pem', key: '/no/such/key.pem' } }],
  ])('a file that cannot be read stops the start, and says which: %s', async (_, entry) => {
    const upstreams = [{ name: 'code', url: urlOf(open), ...entry }]
    const failure = await startGateway({ upstreams }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(Failure)
    const { code, message, fix } = failure as Failure
    expect([code, fix]).toEqual(['certificate_unreadable', 'check the path and the rights of the file'])
    expect(message).toMatch(/^upstream code: \/no\/such\/\w+\.pem cannot be read$/)
  })

  it.each([
    ['no CA', () => ({ ca: files.client.key })],
    ['the key of another certificate', () => ({ clientCertificate: { ...mine(), key: files.server.key } })],
  ])('a file that is not what it should be stops the start as well: %s', async (_, entry) => {
    const upstreams = [{ name: 'code', url: urlOf(open), ...entry() }]
    const failure = await startGateway({ upstreams }).then(
      (gateway) => gateway.close(),
      (error: unknown) => error,
    )
    expect(failure).toBeInstanceOf(Failure)
    expect((failure as Failure).message).toContain('upstream code')
  })

  it('doctor looks with the same CA and certificate, and says what is wrong without', async () => {
    const look = async (entry: Entry) => {
      const config = configOf(
        { upstreams: [{ name: 'code', identity: 'none', ...entry }] },
        'sqlite::memory:',
      )
      const [upstream] = upstreamsOf(config.upstreams)
      return upstream === undefined ? [] : probeUpstream(upstream, systemClock)
    }
    const good = await look({ url: urlOf(guarded), ca: files.ca, clientCertificate: mine() })
    expect(good.every(({ level }) => level === 'ok')).toBe(true)
    const [bad] = await look({ url: urlOf(guarded) })
    expect(bad).toMatchObject({
      level: 'problem',
      fix: 'check ca and clientCertificate, or its own certificate',
    })
  })
})
