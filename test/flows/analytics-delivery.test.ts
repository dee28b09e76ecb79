import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modernCall, startEdge } from '../support/edge.ts'
import { startEventReceiver } from '../support/event-receiver.ts'
import type { EventReceiver } from '../support/event-receiver.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { rawRequest, sendRaw } from '../support/raw-http.ts'

let receiver: EventReceiver
let folder: string
let ends: AsyncDisposableStack
beforeEach(async () => {
  ends = new AsyncDisposableStack()
  receiver = await startEventReceiver()
  ends.defer(() => receiver.close())
  folder = await mkdtemp(join(tmpdir(), 'sallyport-analytics-'))
  ends.defer(() => rm(folder, { recursive: true, force: true }))
})
afterEach(() => ends.disposeAsync())

const host = {
  environment: {},
  pid: 1,
  platform: 'linux',
  nodeVersion: '24.9.1',
  inCheckout: false,
  inContainer: true,
}

interface Choices {
  readonly analytics?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  readonly store?: string
}

async function start({ analytics = {}, environment = {}, store }: Choices = {}): Promise<TestGateway> {
  const telemetry = { analytics: { endpoint: receiver.url, ...analytics }, metrics: { enabled: true } }
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: 'http://127.0.0.1:1/mcp', identity: 'none' }],
    settings: { limits: { enabled: false }, telemetry },
    host: { ...host, environment },
    ...(store === undefined ? {} : { store }),
  })
  ends.defer(() => gateway.close())
  return gateway
}

const dropped = async ({ port }: TestGateway, reason: string) => {
  const page = await sendRaw(port, rawRequest('GET', '/metrics'))
  const series = `sallyport_telemetry_dropped_total{sink="analytics",reason="${reason}"} `
  return Number(
    page?.body
      .split('\n')
      .find((line) => line.startsWith(series))
      ?.slice(series.length),
  )
}

const ids = (body: unknown) =>
  (body as { events: { event_id: string }[] }).events.map((event) => event.event_id)

describe('a receiver that fails', () => {
  it.each([429, 500, 503])('gets the same events, with the same ids, after a %s', async (status) => {
    receiver.answer(status, 200)
    await start()
    await receiver.received('server_started')
    const [first, second] = receiver.posts
    expect(first?.answered).toBe(status)
    expect(ids(second?.body)).toEqual(ids(first?.body))
    expect(second?.body).toEqual(first?.body)
  })

  it('that is away is tried again', async () => {
    const { url } = receiver
    await receiver.close()
    const gateway = await start()
    const closed = gateway.serving.stop()
    receiver = await startEventReceiver(Number(new URL(url).port))
    ends.defer(() => receiver.close())
    await closed
    expect(receiver.events.map(({ event }) => event)).toEqual(['server_started', 'server_shutdown'])
  })

  it.each([400, 401, 404, 302])('and says %s is not asked again; the loss is counted', async (status) => {
    receiver.answer(status)
    const gateway = await start()
    await receiver.posted(1)
    await expect.poll(() => dropped(gateway, 'send_failed')).toBe(1)
    expect(gateway.logged.some((line) => line.includes('could not be delivered'))).toBe(true)
    receiver.answer(200)
    await gateway.serving.stop()
    expect(receiver.events.map(({ event }) => event)).toEqual(['server_shutdown'])
  })
})

describe('T37: a receiver that hangs', () => {
  it('delays no request, and the end by three seconds at most', async () => {
    receiver.answer('hang')
    const gateway = await start()
    await receiver.posted(1)
    const began = performance.now()
    for (let call = 0; call < 20; call += 1)
      expect((await sendRaw(gateway.port, rawRequest('GET', '/healthz')))?.status).toBe(200)
    expect(performance.now() - began).toBeLessThan(2000)
    const stopping = performance.now()
    expect(await gateway.serving.stop()).toBe(true)
    const seconds = (performance.now() - stopping) / 1000
    expect(seconds).toBeGreaterThan(2.5)
    expect(seconds).toBeLessThan(4.5)
  })
})

it('T26: a queue that nobody empties drops the oldest and counts them; calls go on', async () => {
  receiver.answer('hang')
  const edge = await startEdge({
    settings: { telemetry: { analytics: { endpoint: receiver.url } } },
    host: { ...host, environment: {} },
  })
  ends.defer(() => edge.close())
  await receiver.posted(1)
  const { body, fields } = modernCall(1, 'a')
  const calls = 4500
  const connection = await edge.open(body, fields)
  for (let call = 0; call < calls; call += 1) {
    const exchange = await edge.upstream.next()
    exchange.json({ jsonrpc: '2.0', id: 1, result: { content: [] } })
    await connection.next()
    if (call < calls - 1) connection.send(edge.post(body, fields))
  }
  connection.destroy()
  await expect.poll(() => dropped(edge.gateway, 'queue_full')).toBeGreaterThan(300)
  receiver.answer(200)
}, 120_000)

describe('the format', () => {
  it('is OTLP log records where asked for: name, attributes, and the path of a collector', async () => {
    await start({ analytics: { endpoint: new URL(receiver.url).origin, format: 'otlp', token: 't0ken' } })
    const [event] = await receiver.received('server_started')
    expect(event).toMatchObject({ event: 'server_started', schema: 1, version: '0.0.0', host_guard: true })
    expect(event).toMatchObject({ is_container: true, launch_method: 'container' })
    const [post] = receiver.posts
    expect(post?.path).toBe('/v1/logs')
    expect(post?.headers.authorization).toBe('Bearer t0ken')
    expect(post?.body).toMatchObject({
      resourceLogs: [
        {
          resource: { attributes: [{ key: 'service.name', value: { stringValue: 'sallyport' } }, {}] },
          scopeLogs: [
            {
              logRecords: [
                {
                  eventName: 'sallyport.server_started',
                  body: { stringValue: 'server_started' },
                  severityNumber: 9,
                  timeUnixNano: expect.stringMatching(/^\d{19}$/),
                },
              ],
            },
          ],
        },
      ],
    })
  })

  it('is else one JSON object with a list of events, and the version of a release has three numbers', async () => {
    await start()
    const [event] = await receiver.received('server_started')
    expect(receiver.posts[0]?.path).toBe('/events')
    expect(receiver.posts[0]?.headers.authorization).toBeUndefined()
    expect(event).toMatchObject({ version: '0.0.0' })
  })
})

describe('install_id', () => {
  it('is kept beside the store, for us alone, and is the same after a restart', async () => {
    const store = `sqlite:${join(folder, 'a.db')}`
    for (const round of [1, 2]) {
      const gateway = await start({ store })
      await gateway.serving.stop()
      await receiver.received('server_shutdown', round)
    }
    const found = new Set(receiver.events.map((event) => event['install_id']))
    expect(found.size).toBe(1)
    const file = join(folder, 'a.db.install-id')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect([...found]).toEqual([(await readFile(file, 'utf8')).trim()])
  })
})

describe('nothing is made, kept or sent', () => {
  it.each(['1', 'true', 'yes', 'no', ' TRUE '])('with DO_NOT_TRACK=%s', async (value) => {
    const store = `sqlite:${join(folder, 'a.db')}`
    const gateway = await start({ environment: { DO_NOT_TRACK: value }, store })
    await sendRaw(gateway.port, rawRequest('GET', '/mcp'))
    await gateway.serving.stop()
    expect(receiver.connections).toBe(0)
    await expect(stat(join(folder, 'a.db.install-id'))).rejects.toThrow('ENOENT')
  })

  it.each(['0', 'false', ''])('but DO_NOT_TRACK=%j refuses nothing', async (value) => {
    const gateway = await start({ environment: { DO_NOT_TRACK: value } })
    await gateway.serving.stop()
    expect(receiver.events).toHaveLength(2)
  })
})
