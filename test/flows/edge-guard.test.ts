import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { reasonOf, startEdge } from '../support/edge.ts'
import type { Edge, Fields } from '../support/edge.ts'
import { openRawConnection, rawRequest, sendRaw } from '../support/raw-http.ts'

let edge: Edge
beforeAll(async () => {
  edge = await startEdge({
    settings: {
      publicUrl: 'https://MCP.example.com',
      allowedHosts: ['bare.example', 'port.example:8443'],
      allowedOrigins: ['https://app.example.com'],
      telemetry: { metrics: { token: 'a-metrics-token-of-32-characters' } },
    },
  })
})
afterAll(() => edge.close())

const routes = [
  ['GET', '/healthz', 'health'],
  ['GET', '/health', 'health'],
  ['GET', '/readyz', 'health'],
  ['GET', '/metrics', 'metrics'],
  ['GET', '/.well-known/jwks.json', 'well_known'],
  ['POST', '/mcp', 'mcp'],
  ['GET', '/mcp/code', 'mcp'],
  ['POST', '/mcp/unknown', 'mcp'],
  ['GET', '/nothing/here', 'other'],
] as const
const ask = (method: string, path: string, fields: Fields) =>
  sendRaw(edge.port, rawRequest(method, path, fields))
const rejected = async (reason: string, surface: string) => {
  const token = ['Authorization', 'Bearer a-metrics-token-of-32-characters'] as const
  const answer = await ask('GET', '/metrics', [token])
  const series = `sallyport_auth_rejected_total{reason="${reason}",surface="${surface}"} `
  const line = answer?.body.split('\n').find((one) => one.startsWith(series))
  return Number(line?.slice(series.length) ?? Number.NaN)
}

describe.each(routes)('T13: %s %s', (method, path, surface) => {
  it('refuses a foreign Host before anything else, whatever the credential', async () => {
    const before = await rejected('host_rejected', surface)
    const credential = ['Authorization', `Bearer ${edge.key}`] as const
    for (const host of ['evil.example', '127.0.0.2', 'mcp.example.com.evil.example', '']) {
      const answer = await ask(method, path, [['Host', host], credential])
      expect([answer?.status, reasonOf(answer)]).toEqual([421, 'host_rejected'])
      expect(answer?.headers.get('x-request-id')).toMatch(/^req_/)
    }
    expect(await rejected('host_rejected', surface)).toBe(before + 4)
  })

  it('refuses a foreign Origin and `null`', async () => {
    const before = await rejected('origin_rejected', surface)
    for (const origin of ['https://evil.example', 'null', 'http://mcp.example.com']) {
      const answer = await ask(method, path, [
        ['Host', 'mcp.example.com'],
        ['Origin', origin],
      ])
      expect([answer?.status, reasonOf(answer)]).toEqual([403, 'origin_rejected'])
      expect(answer?.headers.get('access-control-allow-origin')).toBeUndefined()
    }
    expect(await rejected('origin_rejected', surface)).toBe(before + 3)
  })

  it('refuses a request without a Host, of HTTP/1.0 and 1.1 alike', async () => {
    for (const version of ['1.0', '1.1']) {
      const answer = await sendRaw(edge.port, `${method} ${path} HTTP/${version}\r\n\r\n`)
      expect([answer?.status, reasonOf(answer)]).toEqual([421, 'host_rejected'])
    }
  })

  it.each(['mcp.example.com', 'MCP.EXAMPLE.COM:443', 'bare.example:99', 'port.example:8443', 'localhost:1'])(
    'lets Host %s pass the guard',
    async (host) => {
      const answer = await ask(method, path, [
        ['Host', host],
        ['Origin', 'https://APP.example.com'],
      ])
      expect([401, 200, 404]).toContain(answer?.status)
    },
  )

  it('answers two Hosts with 400 or 421, never with what it serves', async () => {
    for (const [first, second] of [
      ['mcp.example.com', 'mcp.example.com'],
      ['evil.example', 'mcp.example.com'],
      ['mcp.example.com', 'evil.example'],
    ] as const) {
      const answer = await ask(method, path, [
        ['Host', first],
        ['host', second],
      ])
      expect(second === 'evil.example' ? [421] : [400]).toContain(answer?.status)
    }
  })

  it("T54: lets the socket's own address pass, and no other", async () => {
    const own = await ask(method, path, [['Host', `127.0.0.1:${edge.port}`]])
    expect(own?.status).not.toBe(421)
    for (const host of ['10.0.0.1', '[::2]', '127.0.0.3', '0.0.0.0'])
      expect((await ask(method, path, [['Host', host]]))?.status).toBe(421)
  })
})

it('an absolute-form target does not stand in for the Host', async () => {
  const answer = await ask('GET', 'http://mcp.example.com/healthz', [['Host', 'evil.example']])
  expect(answer?.status).toBe(421)
  const bad = await ask('GET', 'http://evil.example/healthz', [['Host', 'mcp.example.com']])
  expect([bad?.status, reasonOf(bad)]).toEqual([400, 'bad_target'])
})

it('X-Forwarded-Host and Forwarded are never believed', async () => {
  const fields: Fields = [
    ['Host', 'evil.example'],
    ['X-Forwarded-Host', 'mcp.example.com'],
    ['Forwarded', 'host=mcp.example.com'],
  ]
  expect((await ask('GET', '/healthz', fields))?.status).toBe(421)
})

it('two Origins are a 400 or 403, also when the last one is allowed', async () => {
  const origins: Fields = [
    ['Origin', 'https://evil.example'],
    ['Origin', 'https://app.example.com'],
  ]
  const answer = await ask('GET', '/healthz', [['Host', 'mcp.example.com'], ...origins])
  expect([answer?.status, reasonOf(answer)]).toEqual([400, 'duplicate_header'])
})

describe('on an address that is not loopback', () => {
  const outside = Object.values(networkInterfaces())
    .flatMap((all) => all ?? [])
    .find(({ internal, family }) => !internal && family === 'IPv4')?.address

  it.each([['0.0.0.0'], ['::']])('T54: %s answers by the address of the socket only', async (host) => {
    const open = await startEdge({ settings: { listen: { host, port: 0 }, publicUrl: 'https://a.example' } })
    try {
      const status = async (name: string) =>
        (await sendRaw(open.port, rawRequest('GET', '/readyz', [['Host', name]])))?.status
      // The connection comes in at 127.0.0.1, or at ::ffff:127.0.0.1 when both families share the socket.
      expect(await status(`127.0.0.1:${open.port}`)).toBe(200)
      expect(await status('a.example')).toBe(200)
      expect(await status('localhost')).toBe(421)
      expect(await status('[::1]')).toBe(421)
      if (outside !== undefined) expect(await status(outside)).toBe(421)
    } finally {
      await open.close()
    }
  })

  it('T54: IPv6 loopback is known by its literal', async () => {
    const open = await startEdge({ settings: { listen: { host: '::1', port: 0 } } })
    try {
      const answer = await fetch(`http://[::1]:${open.port}/readyz`)
      expect(answer.status).toBe(200)
      expect(open.gateway.serving.listening).toBe(`http://[::1]:${open.port}`)
    } finally {
      await open.close()
    }
  })
})

it('T1: a refusal on a kept-alive connection leaves the next request on it untouched', async () => {
  const connection = await openRawConnection(edge.port)
  const good = rawRequest('GET', '/healthz', [['Host', 'mcp.example.com']])
  connection.send(rawRequest('GET', '/healthz', [['Host', 'evil.example']]) + good)
  expect((await connection.next())?.status).toBe(421)
  expect((await connection.next())?.status).toBe(200)
  connection.destroy()
})
