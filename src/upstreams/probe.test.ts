import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '../lib/clock.ts'
import { probeUpstream } from './probe.ts'
import type { OutboundIdentity, Upstream } from './upstream.ts'

interface Heard {
  readonly method: string
  readonly headers: IncomingHttpHeaders
  readonly rpc: string
}

const heard: Heard[] = []
const servers: Server[] = []
afterEach(() => {
  heard.length = 0
  for (const server of servers.splice(0)) server.close().closeAllConnections()
})

type Answers = Readonly<
  Record<string, readonly [status: number, body: unknown, headers?: Record<string, string>]>
>

/** A server that answers by JSON-RPC method, or by HTTP method where there is no body. */
async function answering(answers: Answers): Promise<string> {
  const listener: RequestListener = (request, response) => {
    void (async () => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      const rpc = body === '' ? '' : (JSON.parse(body) as { method: string }).method
      heard.push({ method: request.method ?? '', headers: request.headers, rpc })
      const [status, said, headers = {}] = answers[rpc === '' ? (request.method ?? '') : rpc] ?? [400, {}]
      response.writeHead(status, headers).end(typeof said === 'string' ? said : JSON.stringify(said))
    })()
  }
  const server = createServer(listener).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`
}

async function look(answers: Answers, identity: OutboundIdentity = { mode: 'none' }) {
  const url = await answering(answers)
  const open = { isDefault: true, auth: 'required', accept: [], workspaces: [], scopes: [] } as const
  const upstream: Upstream = { name: 'code', url, identity, timeoutSeconds: 5, tls: null, ...open }
  const reports = await probeUpstream(upstream, systemClock)
  return reports.map(({ level, what, fix = '' }) => `${level}: ${what.replace(url, 'URL')}: ${fix}`)
}

const rpcError = (code: number) => ({ jsonrpc: '2.0', id: 1, error: { code, message: 'no' } })
const initialized = [200, { jsonrpc: '2.0', id: 1, result: { protocolVersion: '2025-06-18' } }] as const
const discovered = [200, { jsonrpc: '2.0', id: 1, result: { supportedVersions: ['2026-07-28'] } }] as const

describe('which eras an upstream speaks', () => {
  it('both: every client can use it', async () => {
    expect(await look({ initialize: initialized, 'server/discover': discovered })).toEqual([
      'ok: URL speaks MCP: ',
      'ok: URL speaks 2026-07-28, and 2025-06-18 to older clients: ',
    ])
  })

  it.each([
    ['says so with 400', [400, rpcError(-32_000)]],
    ['says so with 404', [404, rpcError(-32_601)]],
    ['says so with 200', [200, rpcError(-32_601)]],
    ['says nothing', [200, '']],
  ] as const)('only the old one, when it %s: modern clients fall back', async (_, answer) => {
    expect(await look({ initialize: initialized, 'server/discover': answer })).toEqual([
      'ok: URL speaks MCP: ',
      'ok: URL speaks 2025-06-18, legacy only: modern clients fall back to it: ',
    ])
  })

  it('only the new one: older clients are left out, and that is said', async () => {
    const unsupported = [400, { ...rpcError(-32_022), data: { supported: ['2026-07-28'] } }] as const
    expect(await look({ initialize: unsupported, 'server/discover': discovered })).toEqual([
      'ok: URL speaks MCP: ',
      'warning: URL speaks 2026-07-28, modern only: clients of 2025-11-25 and before cannot use it: ' +
        'let it also answer initialize, if such clients are in use',
    ])
  })

  it('is read from event streams too', async () => {
    const events = (answer: readonly [number, object]) =>
      [
        200,
        `event: message\ndata: ${JSON.stringify(answer[1])}\n\n`,
        { 'content-type': 'text/event-stream' },
      ] as const
    const answers = { initialize: events(initialized), 'server/discover': events(discovered) }
    expect((await look(answers))[1]).toContain('2026-07-28, and 2025-06-18')
  })

  it('cannot be told of one that answers neither, or asks for a credential', async () => {
    expect(await look({ initialize: [400, {}], 'server/discover': [400, {}] })).toEqual(['ok: URL answers: '])
    expect(await look({ initialize: [401, ''] }, { mode: 'assertion' })).toEqual([
      'ok: URL answers, and asks strangers for an assertion: ',
    ])
    expect(heard.map(({ rpc }) => rpc)).toEqual(['initialize', 'server/discover', 'initialize'])
  })

  it('asks in the words of each era', async () => {
    await look({ initialize: initialized, 'server/discover': discovered })
    expect(heard[0]?.headers).not.toHaveProperty('mcp-method')
    expect(heard[1]?.headers).toMatchObject({
      'mcp-method': 'server/discover',
      'mcp-protocol-version': '2026-07-28',
    })
  })

  it('leaves no session behind', async () => {
    const opening = [...initialized, { 'mcp-session-id': 's-1' }] as const
    await look({ initialize: opening, 'server/discover': discovered, DELETE: [200, ''] })
    const farewells = heard.filter(({ method }) => method === 'DELETE')
    expect(farewells.map(({ headers }) => headers['mcp-session-id'])).toEqual(['s-1'])
  })
})

describe('whether it takes what it will be shown', () => {
  const shared: OutboundIdentity = { mode: 'static', header: 'x-service', value: 'service-secret' }
  const keys: OutboundIdentity = { mode: 'forward-key', keyPrefix: 'ci_', workspace: 'default' }
  const both: Answers = { initialize: initialized, 'server/discover': discovered }

  it('a service credential is shown, and never said', async () => {
    expect((await look(both, shared))[0]).toBe('ok: URL speaks MCP: ')
    expect(heard.map(({ headers }) => headers['x-service'])).toEqual(['service-secret', 'service-secret'])
    const refused = await look({ initialize: [401, ''] }, shared)
    expect(refused).toEqual([
      'problem: URL refuses the service credential: correct static.header and static.value',
    ])
    expect(refused.join('')).not.toContain('service-secret')
  })

  it('a server of its own keys should ask strangers for one', async () => {
    expect(await look({ initialize: [401, ''] }, keys)).toEqual([
      'ok: URL answers, and asks strangers for a key: ',
    ])
    expect((await look(both, keys))[0]).toMatch(
      /^warning: URL speaks MCP, and answers callers without a key: /,
    )
  })

  it('one that asks for a credential and is shown none will refuse every call', async () => {
    expect(await look({ initialize: [403, ''] })).toEqual([
      'problem: URL asks for a credential, but its identity mode is none: set identity: assertion',
    ])
  })

  it('one that answers without an assertion trusts strangers', async () => {
    expect((await look(both, { mode: 'assertion' }))[0]).toMatch(/^warning: .*without an assertion: /)
  })
})
