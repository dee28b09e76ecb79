import { createSocket } from 'node:dgram'
import type { Socket } from 'node:dgram'
import { lookup as lookupOfSystem } from 'node:dns'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import type { LookupAddress } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { hostname } from 'node:os'
import { afterEach, describe, expect, it } from 'vitest'
import { publicInternet } from '../../src/oauth/guarded-fetch.ts'
import { createNameLookup } from '../../src/oauth/name-lookup.ts'

/** A name server on loopback that answers as told; null says nothing, ever. */
async function startNameServer(answer: (type: number) => Buffer | null): Promise<Socket> {
  const server = createSocket('udp4')
  server.on('message', (query, { port, address }) => {
    const question = query.subarray(12, query.indexOf(0, 12) + 5)
    const data = answer(question.readUInt16BE(question.length - 4))
    if (data === null) return
    const head = Buffer.from([
      query[0] ?? 0,
      query[1] ?? 0,
      0x81,
      0x80,
      0,
      1,
      0,
      data.length === 0 ? 0 : 1,
      0,
      0,
      0,
      0,
    ])
    const record = Buffer.concat([
      Buffer.from([0xc0, 12]),
      question.subarray(-4),
      Buffer.from([0, 0, 0, 60, 0, data.length]),
      data,
    ])
    server.send(Buffer.concat([head, question, ...(data.length === 0 ? [] : [record])]), port, address)
  })
  server.bind(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const at = (server: Socket) => [`127.0.0.1:${server.address().port}`]

function ask(look: LookupFunction, name: string): Promise<readonly LookupAddress[] | string> {
  return new Promise((resolve) => {
    look(name, { all: true }, (error, addresses) => {
      resolve(error === null && Array.isArray(addresses) ? addresses : String(error?.code))
    })
  })
}

let server: Socket
afterEach(() => void server.close())

describe('auth 9: names that strangers give', () => {
  it('hold up nobody else: a name server that says nothing takes none of the few threads', async () => {
    server = await startNameServer(() => null)
    const look = createNameLookup(at(server))
    let given = 0
    const waiting = Array.from({ length: 40 }, async (_, place) => {
      await ask(look, `${place}.slow.example`)
      given += 1
    })
    // What upstreams and providers are reached by.
    expect((await lookup('localhost', { all: true })).length).toBeGreaterThan(0)
    expect(given).toBe(0)
    await Promise.all(waiting)
    expect(given).toBe(40)
  })

  it('are given up within the time of a fetch', async () => {
    server = await startNameServer(() => null)
    expect(await ask(createNameLookup(at(server)), 'slow.example')).toBe('ETIMEOUT')
  }, 5000)

  it('are answered with every address there is, and said to be unknown when there is none', async () => {
    const [four, six] = [1, 28]
    const both = new Map([
      [four, Buffer.from([93, 184, 215, 14])],
      [six, Buffer.from('20010db8000000000000000000000001', 'hex')],
    ])
    server = await startNameServer((type) => both.get(type) ?? Buffer.alloc(0))
    expect(await ask(createNameLookup(at(server)), 'app.example')).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '2001:db8::1', family: 6 },
    ])
    both.clear()
    expect(await ask(createNameLookup(at(server)), 'none.example')).toBe('ENODATA')
  })

  it('are looked up so in the product: neither by its threads nor by what this machine calls itself', async () => {
    server = await startNameServer(() => null)
    expect(publicInternet.lookup).not.toBe(lookupOfSystem)
    expect(await ask(publicInternet.lookup, hostname())).toEqual(expect.any(String))
    expect(await ask(publicInternet.lookup, 'localhost')).toEqual([{ address: '127.0.0.1', family: 4 }])
  })
})
