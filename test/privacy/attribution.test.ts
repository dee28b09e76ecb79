import { once } from 'node:events'
import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSallyport } from '../../src/server/sallyport.ts'
import { attributionModes } from '../../src/telemetry/attribution.ts'
import type { AttributionMode } from '../../src/telemetry/attribution.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { openCommandLine } from '../support/command-line.ts'
import { startOtlpCollector } from '../support/otlp-collector.ts'
import type { OtlpCollector } from '../support/otlp-collector.ts'
import type { SeenSpan } from '../support/otlp-read.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'
import { answering, answeringWith } from '../support/traced.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'

let collector: OtlpCollector
let upstream: RecordingUpstream
let ends: AsyncDisposableStack
beforeEach(async () => {
  ends = new AsyncDisposableStack()
  const respond = answering(({ body }) => ({ jsonrpc: '2.0', id: 1, result: { content: [], body } }))
  collector = await startOtlpCollector()
  upstream = await startRecordingUpstream({ assertion: false, respond })
  for (const end of [collector, upstream]) ends.defer(() => end.close())
})
afterEach(() => ends.disposeAsync())

const secret = 'pseudonym-key-0123456789abcdef-0123456789'
const identity = /^(?:user|enduser)\.|hash|attribution|principal|subject|session/

function settingsOf(mode: AttributionMode, key = secret) {
  const attribution = mode === 'off' ? { mode } : { mode, key }
  const traces = { endpoint: collector.url, sampleRatio: 1 }
  return { telemetry: { attribution, traces } }
}

function upstreamsOf() {
  const { url } = upstream
  return [
    { name: 'code', url, default: true, identity: 'none' },
    { name: 'open', url, auth: 'optional', identity: 'none' },
    { name: 'elsewhere', url, workspaces: ['other'], identity: 'none' },
  ]
}

async function start(mode: AttributionMode, key?: string, more: object = {}): Promise<TestGateway> {
  const settings = { ...settingsOf(mode, key), publicUrl: 'http://127.0.0.1:7', ...more }
  const gateway = await startGateway({ upstreams: upstreamsOf(), settings })
  ends.defer(() => gateway.close())
  return gateway
}

/** One request of each kind, by the route it takes; how many spans are of somebody known, and how many of nobody. */
async function everyRoute(port: number, key: string): Promise<{ known: number; unknown: number }> {
  const bearer = ['Authorization', `Bearer ${key}`] as const
  const call = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'a' } })
  const typed = ['Content-Type', 'application/json'] as const
  const foreign = ['Mcp-Session-Id', 'nobodys'] as const
  const known = [
    rawRequest('POST', '/mcp', [bearer, typed], call),
    rawRequest('POST', '/mcp/open', [bearer, typed], call),
    rawRequest('POST', '/mcp/elsewhere', [bearer, typed], call),
    rawRequest('POST', '/mcp', [bearer, typed, foreign], call),
    rawRequest('GET', '/mcp', [bearer, foreign, ['Accept', 'text/event-stream']]),
    rawRequest('DELETE', '/mcp', [bearer, foreign]),
    rawRequest('POST', '/mcp', [bearer, typed], 'no json'),
  ]
  const unknown = [
    rawRequest('POST', '/mcp/open', [typed], call),
    rawRequest('POST', '/mcp', [typed], call),
    rawRequest('POST', '/mcp', [typed, ['Authorization', 'Bearer nobody']], call),
    rawRequest('GET', '/healthz', [bearer]),
    rawRequest('GET', '/nowhere', [bearer]),
    rawRequest('GET', '/mcp', [bearer, ['Host', 'evil.example']]),
  ]
  for (const request of [...known, ...unknown]) expect(await sendRaw(port, request)).not.toBeNull()
  // A probe and a path of nobody's, answered without trouble, have no span.
  return { known: known.length, unknown: unknown.length - 2 }
}

const identityOf = ({ attributes }: SeenSpan) =>
  Object.fromEntries(Object.entries(attributes).filter(([name]) => identity.test(name)))
const textOf = (value: unknown) =>
  JSON.stringify(value, (_, part: unknown) => (typeof part === 'bigint' ? '' : part))

/** The product in somebody's own server, on the store of a gateway that has ended. */
async function embed(mode: AttributionMode, { location: store }: TestGateway) {
  const secretsKey = 'only-for-tests-0123456789abcdef-0123456789'
  const fixed = { store, secretsKey, log: { level: 'silent' }, upstreams: upstreamsOf() }
  const sallyport = createSallyport({ ...fixed, ...settingsOf(mode) })
  const server = createServer(sallyport.listener).listen(0, '127.0.0.1')
  ends.defer(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  await sallyport.start({ port })
  return { port, stop: () => sallyport.close() }
}

const cases = attributionModes.flatMap((mode) =>
  (['served', 'embedded'] as const).map((how) => ({ mode, how })),
)

describe.each(cases)('attribution $mode, on every route, $how', ({ mode, how }) => {
  it('names who is known on the server span as it says, and nobody anywhere else', async () => {
    const gateway = await start(mode)
    const user = await gateway.addUser('jane@example.com')
    const { id, key } = await gateway.createKey(user)
    if (how === 'embedded') await gateway.serving.stop()
    const { port, stop } =
      how === 'embedded'
        ? await embed(mode, gateway)
        : { port: gateway.port, stop: () => gateway.serving.stop() }
    const { known, unknown } = await everyRoute(port, key)
    const page = await sendRaw(port, rawRequest('GET', '/metrics'))
    await stop()

    const servers = collector.spans.filter(({ kind }) => kind === 2)
    expect(servers).toHaveLength(known + unknown)
    const attributed = servers.filter((span) => Object.keys(identityOf(span)).length > 0)
    expect(attributed).toHaveLength(mode === 'off' ? 0 : known)
    for (const span of attributed)
      expect(identityOf(span)).toEqual(
        mode === 'id'
          ? { 'user.id': user.id }
          : {
              'user.hash': expect.stringMatching(/^[0-9a-f]{32}$/),
              'sallyport.attribution.key_id': 'k1',
            },
      )
    expect(new Set(attributed.map((span) => textOf(identityOf(span)))).size).toBe(mode === 'off' ? 0 : 1)
    const clients = collector.spans.filter(({ kind }) => kind === 3)
    expect(clients.length).toBeGreaterThan(2)
    expect(clients.map(identityOf)).toEqual(clients.map(() => ({})))

    const hash = String(attributed[0]?.attributes['user.hash'] ?? 'no such hash')
    const upstreamSaw = textOf(upstream.calls.map(({ rawHeaders, body }) => [rawHeaders, body]))
    const elsewhere = [page?.body, page?.head, upstreamSaw, gateway.logged, collector.batches]
    const all = textOf(mode === 'off' ? [...elsewhere, collector.spans] : elsewhere)
    const names = [user.id, 'jane', id, hash, 'user.id', 'user.hash', 'principal_hash']
    expect(names.filter((text) => all.includes(text))).toEqual([])
  })
})

/** A server that opens a session with each `initialize`. */
const openingSessions = () => {
  let opened = 0
  return answeringWith(({ body }) => {
    const { method } = JSON.parse(body) as { method?: string }
    return method === 'initialize' ? { 'Mcp-Session-Id': `their-own-session-${(opened += 1)}` } : {}
  })
}

describe.each([
  { mode: 'off', hasKey: false },
  { mode: 'id', hasKey: false },
  { mode: 'id', hasKey: true },
  { mode: 'hash', hasKey: true },
] as const)('an MCP session, attribution $mode, with a key: $hasKey', ({ mode, hasKey }) => {
  it('is a hash on the server span of who is known, and nowhere else', async () => {
    const theirs = await startRecordingUpstream({ assertion: false, respond: openingSessions() })
    ends.defer(() => theirs.close())
    const gateway = await startGateway({
      upstreams: [{ name: 'code', url: theirs.url, default: true, auth: 'optional', identity: 'none' }],
      settings: {
        telemetry: {
          attribution: { mode, ...(hasKey ? { key: secret } : {}) },
          traces: { endpoint: collector.url, sampleRatio: 1 },
        },
      },
    })
    ends.defer(() => gateway.close())
    const { key } = await gateway.createKey(await gateway.addUser('jane@example.com'))
    const ask = async (method: string, bearer: string | null, session?: string) => {
      const fields = [
        ['Content-Type', 'application/json'],
        ...(bearer === null ? [] : [['Authorization', `Bearer ${bearer}`]]),
        ...(session === undefined ? [] : [['Mcp-Session-Id', session]]),
      ] as [string, string][]
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: {} })
      const answer = await sendRaw(gateway.port, rawRequest('POST', '/mcp', fields, body))
      expect(answer?.status).toBe(200)
      return answer?.headers.get('mcp-session-id') ?? undefined
    }
    const [first, second] = [await ask('initialize', key), await ask('initialize', key)]
    const nobodys = await ask('initialize', null)
    for (const session of [first, second, first]) await ask('ping', key, session)
    await ask('ping', null, nobodys)
    const page = await sendRaw(gateway.port, rawRequest('GET', '/metrics'))
    await gateway.serving.stop()

    const servers = collector.spans.filter(({ kind }) => kind === 2)
    const sessions = servers.map(({ attributes }) => attributes['mcp.session.id'] ?? null)
    const [one, two] = [String(sessions[3]), String(sessions[4])]
    if (!hasKey) expect(sessions).toEqual(Array(7).fill(null))
    else {
      expect(sessions).toEqual([null, null, null, one, two, one, null])
      expect([one, two]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), expect.not.stringMatching(one)])
      expect(servers[3]?.attributes['sallyport.attribution.key_id']).toBe('k1')
    }
    const clients = collector.spans.filter(({ kind }) => kind === 3)
    expect(clients).toHaveLength(7)
    expect(clients.map(identityOf)).toEqual(clients.map(() => ({})))
    expect(textOf([collector.spans, collector.batches, page?.body, gateway.logged])).not.toContain(
      'their-own',
    )
    const elsewhere = textOf([collector.batches, clients, page?.body, gateway.logged])
    for (const text of ['mcp.session.id', one, two])
      if (text !== 'null') expect(elsewhere).not.toContain(text)
  })
})

it('names who is refused by a limit', async () => {
  const gateway = await start('id', secret, { limits: { requestsPerMinute: 1 } })
  const user = await gateway.addUser('jane@example.com')
  const { key } = await gateway.createKey(user)
  const fields = [
    ['Authorization', `Bearer ${key}`],
    ['Content-Type', 'application/json'],
  ] as const
  const call = rawRequest('POST', '/mcp', fields, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
  await sendRaw(gateway.port, call)
  expect((await sendRaw(gateway.port, call))?.status).toBe(429)
  await gateway.serving.stop()
  const refused = collector.spans.filter(({ attributes }) => attributes['http.response.status_code'] === 429)
  expect(refused.map(identityOf)).toEqual([{ 'user.id': user.id }])
})

describe('a pseudonym over real sockets', () => {
  const ping = async (port: number, key: string) => {
    const fields = [
      ['Authorization', `Bearer ${key}`],
      ['Content-Type', 'application/json'],
    ] as const
    const answer = await sendRaw(
      port,
      rawRequest('POST', '/mcp', fields, '{"jsonrpc":"2.0","id":1,"method":"ping"}'),
    )
    expect(answer?.status).toBe(200)
  }
  const hashes = () => collector.spans.flatMap(({ attributes }) => attributes['user.hash'] ?? []).map(String)

  it('is one on two processes with one key; another by workspace and epoch; and gone with the person', async () => {
    const first = await start('hash')
    const { user, url, location } = {
      user: await first.addUser('jane@example.com'),
      url: first.url,
      location: first.location,
    }
    await first.addUser('jane@example.com', 'other')
    const here = await first.createKey(user)
    const there = await first.createKey(user, { workspace: 'other' })
    const line = await openCommandLine()
    ends.defer(() => line.close())
    const variables = {
      SALLYPORT_STORE: location,
      SALLYPORT_PUBLIC_URL: url,
      SALLYPORT_UPSTREAMS: `code=${upstream.url}`,
      SALLYPORT_LISTEN_PORT: '0',
      SALLYPORT_SECRETS_KEY: 'only-for-tests-0123456789abcdef-0123456789',
      SALLYPORT_TELEMETRY_ATTRIBUTION_MODE: 'hash',
      SALLYPORT_TELEMETRY_TRACES_ENDPOINT: collector.url,
      SALLYPORT_TELEMETRY_TRACES_SAMPLE_RATIO: '1',
    }
    const run = async (secretOfRun: string, key: string) => {
      const more = { SALLYPORT_TELEMETRY_ATTRIBUTION_KEY: secretOfRun }
      const command = line.start(['serve', '--json'], { ...variables, ...more })
      const { listening } = JSON.parse(await command.firstLine) as { listening: string }
      await ping(Number(new URL(listening).port), key)
      command.process.kill('SIGTERM')
      await command.ended
    }
    await ping(first.port, here.key)
    await ping(first.port, there.key)
    await run(secret, here.key)
    await run(`${secret}-2`, here.key)
    await first.serving.stop()
    const [second = '', third = '', ...rest] = hashes()
    const told = [second, third, ...rest]
    // Two processes said the same of the same; the other workspace and the other epoch are apart.
    expect(told).toHaveLength(4)
    expect(new Set(told).size).toBe(3)

    const whois = (hash: string) =>
      line.run(['whois', hash], { ...variables, SALLYPORT_TELEMETRY_ATTRIBUTION_KEY: secret })
    const outcomes = await Promise.all([...new Set(told)].map(whois))
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 0, 1])
    for (const { code, out } of outcomes) if (code === 0) expect(out).toContain('jane@example.com')
    await first.store.users.erase(user.id, Date.now(), { kind: 'admin', id: null })
    const after = await Promise.all([...new Set(told)].map(whois))
    expect(after.map(({ code }) => code)).toEqual([1, 1, 1])
  })
})
