import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRawConnection } from '../support/raw-http.ts'
import { nowhere, openToldScene, toldKinds } from '../support/told-scene.ts'
import type { ToldScene } from '../support/told-scene.ts'

let scene: ToldScene
beforeEach(async () => {
  scene = await openToldScene()
})
afterEach(() => scene.close())

const told = () => scene.receiver.events.map(({ event }) => event)
const last = () => scene.receiver.events.at(-1) ?? {}
const whole = ['server_started', 'server_shutdown']

describe.each(toldKinds)('%s', (kind) => {
  const source = kind === 'embedded' ? 'embedded' : 'main'

  it.each(['SIGTERM', 'SIGINT'] as const)('T25: tells one start and one clean end by %s', async (signal) => {
    const server = scene.start(kind)
    await server.port
    server.process.kill(signal)
    expect((await server.ended).code).toBe(0)
    expect(told()).toEqual(whole)
    expect(scene.receiver.events[0]).toMatchObject({ lifecycle_source: source, version: 'dev' })
    const end = { lifecycle_source: source, reason: 'clean_exit', first_request_seen: false }
    expect(last()).toMatchObject(end)
  })

  it('tells an end that broke off requests', async () => {
    const server = scene.start(kind)
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
    const server = scene.start(kind, {}, { FAULT: fault })
    await server.port
    server.process.kill('SIGUSR2')
    const { code, err } = await server.ended
    expect(code).toBe(1)
    expect(err).toContain(message)
    expect(told()).toEqual(whole)
    expect(last()).toMatchObject({ reason })
    expect(JSON.stringify(scene.receiver.posts)).not.toContain('boom')
  })

  it('T56: a receiver that hangs hides neither error nor exit code', async () => {
    scene.receiver.answer('hang')
    const server = scene.start(kind)
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
    const variables = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: scene.receiver.url }
    const args = kind === 'serve' ? ['serve', '--upstream', `code=${nowhere}`] : ['demo']
    const { code, err } = await scene.folder.start('command', [...args, '--port', port], variables).ended
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
    const { code } = await scene.start(kind, missing).ended
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
      oauth_configured: true,
    })
    expect(JSON.stringify(scene.receiver.posts)).not.toContain('jane')
  })

  it('serve: Postgres that is not there', async () => {
    await scene.start('serve', { store: 'postgres://jane:pw@127.0.0.1:1/db' }).ended
    expect(last()).toMatchObject({ phase: 'store', error_kind: 'store_unreachable' })
  })

  it('demo: a folder that is none', async () => {
    writeFileSync(join(scene.folder.path, '.sallyport-demo'), '')
    expect((await scene.start('demo').ended).code).toBe(1)
    expect(told()).toEqual(['startup_error'])
    expect(last()).toMatchObject({ phase: 'start', error_kind: 'other', installation_type: 'local' })
  })

  it('demo: a variable that is no option', async () => {
    const { code, err } = await scene.start('demo', {}, { SALLYPORT_TELEMETRY_CLOUD_HOSTS: '!' }).ended
    expect([code, err.includes('telemetry.cloudHosts')]).toEqual([1, true])
    expect(last()).toMatchObject({ event: 'startup_error', phase: 'config', error_kind: 'invalid_option' })
  })

  it.each(['serve', 'embedded'] as const)('%s: a configuration that cannot be used', async (kind) => {
    const { code, err } = await scene.start(kind, { limits: { enabled: 'jane' } }).ended
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
    const telemetry = { analytics: { endpoint: scene.receiver.url }, attribution: { mode: 'hash' } }
    const { err } = await scene.start('serve', { telemetry }).ended
    expect(err).toContain('hash needs telemetry.attribution.key')
    expect(last()).toMatchObject({ phase: 'config', error_kind: 'missing_secret' })
  })

  it('serve: a file that is not there, with the endpoint in a variable', async () => {
    const variables = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: scene.receiver.url }
    const { code } = await scene.folder.start('command', ['serve', '--config', 'no.yaml'], variables).ended
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
    const telemetry = { analytics: { endpoint: scene.receiver.url }, cloudHosts }
    await scene.start('serve', { publicUrl, telemetry, limits: { enabled: 'no' } }).ended
    expect(last()).toMatchObject({ event: 'startup_error', installation_type: type })
  })

  it('T56: a receiver that fails changes neither message nor exit code', async () => {
    scene.receiver.answer(500)
    const { code, err, seconds } = await scene.start('serve', missing).ended
    expect([code, err.includes('The store file cannot be opened')]).toEqual([1, true])
    expect(seconds).toBeLessThan(10)
  })
})
