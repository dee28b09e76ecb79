import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startEventReceiver } from '../support/event-receiver.ts'
import type { EventReceiver } from '../support/event-receiver.ts'
import { openRawConnection } from '../support/raw-http.ts'
import { openToldFolder } from '../support/told-process.ts'
import type { ToldFolder, ToldProcess } from '../support/told-process.ts'

let receiver: EventReceiver
let folder: ToldFolder
beforeEach(async () => {
  receiver = await startEventReceiver()
  folder = await openToldFolder()
})
afterEach(async () => {
  await folder.close()
  await receiver.close()
})

const kinds = ['serve', 'demo', 'embedded'] as const
type Kind = (typeof kinds)[number]
type Variables = Readonly<Record<string, string>>

const nowhere = 'http://127.0.0.1:1/mcp'

/** Starts one that tells the receiver. `more` is laid over the options of those that have a configuration. */
function start(
  kind: Kind,
  more: Readonly<Record<string, unknown>> = {},
  variables: Variables = {},
): ToldProcess {
  const analytics = { endpoint: receiver.url }
  if (kind === 'demo') {
    const told = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: receiver.url, ...variables }
    return folder.start('command', ['demo', '--json', '--port', '0'], told)
  }
  const options = {
    store: `sqlite:${join(folder.path, 'a.db')}`,
    telemetry: { analytics },
    upstreams: [{ name: 'code', url: nowhere, identity: 'none' }],
    requests: { drainSeconds: 1 },
    log: { level: 'silent' },
    ...more,
  }
  if (kind === 'embedded') return folder.start('embedded', [JSON.stringify(options)], variables)
  const file = join(folder.path, 'gateway.yaml')
  writeFileSync(file, JSON.stringify({ listen: { port: 0 }, ...options }))
  return folder.start('command', ['serve', '--json', '--config', file], variables)
}

const told = () => receiver.events.map(({ event }) => event)
const last = () => receiver.events.at(-1) ?? {}
const whole = ['server_started', 'server_shutdown']

describe.each(kinds)('%s', (kind) => {
  const source = kind === 'embedded' ? 'embedded' : 'main'

  it.each(['SIGTERM', 'SIGINT'] as const)('T25: tells one start and one clean end by %s', async (signal) => {
    const server = start(kind)
    await server.port
    server.process.kill(signal)
    expect((await server.ended).code).toBe(0)
    expect(told()).toEqual(whole)
    expect(receiver.events[0]).toMatchObject({ lifecycle_source: source, version: 'dev' })
    const end = { lifecycle_source: source, reason: 'clean_exit', first_request_seen: false }
    expect(last()).toMatchObject(end)
  })

  it('tells an end that broke off requests', async () => {
    const server = start(kind)
    const connection = await openRawConnection(await server.port)
    const { users } = await server.said
    const credential = users === undefined ? '' : `Authorization: Bearer ${users[0]?.apiKey}\r\n`
    const type = 'Content-Type: application/json'
    connection.send(
      `POST /mcp HTTP/1.1\r\nHost: localhost\r\n${credential}${type}\r\nContent-Length: 100\r\n\r\n{`,
    )
    const probe = await openRawConnection(await server.port)
    probe.send('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await probe.next()
    probe.destroy()
    server.process.kill('SIGTERM')
    expect((await server.ended).code).toBe(0)
    expect(told().filter((name) => name !== 'auth_rejected')).toEqual(whole)
    expect(last()).toMatchObject({ event: 'server_shutdown', reason: 'drain_timeout' })
    connection.destroy()
  })
})

describe.each(['serve', 'demo'] as const)('%s', (kind) => {
  it.each([
    ['an error nobody caught', 'throw', 'crash', 'sallyport: boom Bearer [redacted]'],
    ['a rejection nobody handled', 'reject', 'crash', 'sallyport: boom Bearer [redacted]'],
    ['a listener that broke', 'transport', 'transport_error', 'can no longer be accepted (EMFILE)'],
  ])('tells %s, prints the true error and exits 1', async (_, fault, reason, message) => {
    const server = start(kind, {}, { FAULT: fault })
    await server.port
    server.process.kill('SIGUSR2')
    const { code, err } = await server.ended
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect(told()).toEqual(whole)
    expect(last()).toMatchObject({ reason })
    expect(JSON.stringify(receiver.posts)).not.toContain('boom')
  })

  it('T56: a receiver that hangs hides neither error nor exit code', async () => {
    receiver.answer('hang')
    const server = start(kind)
    await server.port
    server.process.kill('SIGUSR2')
    const crashed = performance.now()
    const { code, err } = await server.ended
    expect([code, err.includes('boom')]).toEqual([1, true])
    expect(performance.now() - crashed).toBeLessThan(6000)
  })

  it('tells a port that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = String(address !== null && typeof address === 'object' ? address.port : 0)
    const variables = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: receiver.url }
    const args = kind === 'serve' ? ['serve', '--upstream', `code=${nowhere}`] : ['demo']
    const { code, err } = await folder.start('command', [...args, '--port', port], variables).ended
    other.close()
    expect(code).toBe(1)
    expect(err).toContain('EADDRINUSE')
    expect(told()).toEqual(['startup_error'])
    expect(last()).toMatchObject({ phase: 'bind', error_kind: 'address_in_use', installation_type: 'local' })
  })
})

describe('a start that fails tells where and of what kind, and not in which words', () => {
  const missing = { store: 'sqlite:/no/such/folder/jane.db' }
  it.each(['serve', 'embedded'] as const)('%s: a store that cannot be reached', async (kind) => {
    const { code } = await start(kind, missing).ended
    expect(code).toBe(1)
    expect(told()).toEqual(['startup_error'])
    const { event_id, time, install_id, ...event } = last()
    expect([event_id, time, install_id].map((value) => typeof value)).toEqual(['string', 'string', 'string'])
    expect(event).toEqual({
      event: 'startup_error',
      schema: 1,
      version: 'dev',
      transport: 'http',
      installation_type: 'local',
      is_ci: false,
      is_container: event['is_container'],
      launch_method: event['launch_method'],
      phase: 'store',
      error_kind: 'store_unreachable',
      oauth_configured: false,
    })
    expect(JSON.stringify(receiver.posts)).not.toContain('jane')
  })

  it('serve: Postgres that is not there', async () => {
    await start('serve', { store: 'postgres://jane:pw@127.0.0.1:1/db' }).ended
    expect(last()).toMatchObject({ phase: 'store', error_kind: 'store_unreachable' })
  })

  it('demo: a folder that is none', async () => {
    writeFileSync(join(folder.path, '.sallyport-demo'), '')
    expect((await start('demo').ended).code).toBe(1)
    expect(told()).toEqual(['startup_error'])
    expect(last()).toMatchObject({ phase: 'start', error_kind: 'other', installation_type: 'local' })
  })

  it('demo: a variable that is no option', async () => {
    const { code, err } = await start('demo', {}, { SALLYPORT_TELEMETRY_CLOUD_HOSTS: '!' }).ended
    expect([code, err.includes('telemetry.cloudHosts')]).toEqual([1, true])
    expect(last()).toMatchObject({ event: 'startup_error', phase: 'config', error_kind: 'invalid_option' })
  })

  it.each(['serve', 'embedded'] as const)('%s: a configuration that cannot be used', async (kind) => {
    const { code, err } = await start(kind, { limits: { enabled: 'jane' } }).ended
    expect(code).toBe(1)
    expect(err).toContain('limits.enabled')
    expect(told()).toEqual(['startup_error'])
    expect(last()).toMatchObject({
      phase: 'config',
      error_kind: 'invalid_option',
      installation_type: 'local',
    })
  })

  it('serve: pseudonyms without a key', async () => {
    const telemetry = { analytics: { endpoint: receiver.url }, attribution: { mode: 'hash' } }
    const { err } = await start('serve', { telemetry }).ended
    expect(err).toContain('hash needs telemetry.attribution.key')
    expect(last()).toMatchObject({ phase: 'config', error_kind: 'missing_secret' })
  })

  it('serve: a file that is not there, with the endpoint in a variable', async () => {
    const variables = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: receiver.url }
    const { code } = await folder.start('command', ['serve', '--config', 'no.yaml'], variables).ended
    expect(code).toBe(1)
    expect(last()).toMatchObject({
      phase: 'config',
      error_kind: 'invalid_option',
      installation_type: 'unknown',
    })
  })

  it.each([
    ['https://mcp.example.com', [], 'self-hosted'],
    ['https://mcp.example.com', ['mcp.example.com'], 'cloud'],
    ['http://mcp.example.com', ['mcp.example.com'], 'unknown'],
  ])('T56: serve at %s with cloudHosts %j: %s', async (publicUrl, cloudHosts, type) => {
    const telemetry = { analytics: { endpoint: receiver.url }, cloudHosts }
    await start('serve', { publicUrl, telemetry, limits: { enabled: 'no' } }).ended
    expect(last()).toMatchObject({ event: 'startup_error', installation_type: type })
  })

  it('T56: a receiver that fails changes neither message nor exit code', async () => {
    receiver.answer(500)
    const { code, err, seconds } = await start('serve', missing).ended
    expect([code, err.includes('The store file cannot be opened')]).toEqual([1, true])
    expect(seconds).toBeLessThan(10)
  })
})

describe('zero sockets', () => {
  const refusedBy: [string, Readonly<Record<string, unknown>>, Variables][] = [
    ['no endpoint', { telemetry: {} }, {}],
    ['DO_NOT_TRACK', {}, { DO_NOT_TRACK: '1' }],
    ['a refused configuration and DO_NOT_TRACK', { limits: { enabled: 'no' } }, { DO_NOT_TRACK: 'yes' }],
    ['a refused configuration without endpoint', { telemetry: {}, limits: { enabled: 'no' } }, {}],
    ['a variable that may have meant no', { limits: 1 }, { SALLYPORT_TELEMETRY_ANALYTICS_ENABLED: 'false' }],
    [
      'a store that cannot be reached, and DO_NOT_TRACK',
      { store: 'sqlite:/no/such/x' },
      { DO_NOT_TRACK: '1' },
    ],
  ]
  const written = (analytics: object) => ({ telemetry: { analytics: { endpoint: 'URL', ...analytics } } })
  const doubtful: [string, object][] = [
    ['a word that may have meant no', { enabled: false }],
    ['a format that is none', { format: 'off' }],
    ['an endpoint that is none', { endpoint: 'off' }],
  ]
  it.each(refusedBy)('serve: %s', async (_, more, variables) => {
    const server = start('serve', more, variables)
    await server.port.then(
      () => server.process.kill('SIGTERM'),
      () => {},
    )
    await server.ended
    expect([server.sockets(), receiver.connections]).toEqual([[], 0])
  })

  it.each(doubtful)('serve: %s', async (_, analytics) => {
    const more = JSON.parse(JSON.stringify(written(analytics)).replace('URL', receiver.url)) as object
    const server = start('serve', { ...more })
    expect((await server.ended).code).toBe(1)
    expect([server.sockets(), receiver.connections]).toEqual([[], 0])
  })

  it.each(['demo', 'embedded'] as const)('%s: DO_NOT_TRACK', async (kind) => {
    const server = start(kind, {}, { DO_NOT_TRACK: '1' })
    await server.port
    server.process.kill('SIGTERM')
    await server.ended
    expect(server.sockets().filter((line) => line.includes(new URL(receiver.url).port))).toEqual([])
    expect(receiver.connections).toBe(0)
  })

  it('and the hook would have seen one', async () => {
    const server = start('serve')
    await server.port
    server.process.kill('SIGTERM')
    await server.ended
    expect(server.sockets().length).toBeGreaterThan(0)
  })
})
