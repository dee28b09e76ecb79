import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { startTraced, toolCall } from '../support/traced.ts'
import type { Traced, TracedOptions } from '../support/traced.ts'

let traced: Traced | null = null
afterEach(async () => {
  await traced?.close()
  traced = null
})
const start = async (options?: TracedOptions) => (traced = await startTraced(options))

const dropped = async ({ gateway }: Traced, reason: string) => {
  const text = await (await fetch(`${gateway.url}/metrics`)).text()
  const series = `sallyport_telemetry_dropped_total{sink="traces",reason="${reason}"} `
  const line = text.split('\n').find((one) => one.startsWith(series))
  return Number(line?.slice(series.length))
}

describe('traces off', () => {
  it('opens no socket but those to upstreams and from clients, errors and shutdown included', async () => {
    const ports: (number | undefined)[] = []
    const note = (message: unknown) => {
      const { socket } = message as { socket: unknown }
      if (socket instanceof Socket) socket.once('connect', () => ports.push(socket.remotePort))
    }
    subscribe('net.client.socket', note)
    try {
      const { post, spans, upstream, gateway, collector } = await start({ traces: { endpoint: undefined } })
      await post(toolCall('x'))
      expect((await post('{}')).status).toBe(400)
      expect((await fetch(`${gateway.url}/mcp`, { method: 'POST' })).status).toBe(401)
      await spans()
      const known = new Set<number | undefined>([Number(new URL(upstream.url).port), gateway.port])
      expect(ports).not.toEqual([])
      expect(ports.filter((port) => !known.has(port))).toEqual([])
      expect(collector.connections).toBe(0)
    } finally {
      unsubscribe('net.client.socket', note)
    }
  })
})

describe.each([
  ['HTTP', false, 503, 400],
  ['gRPC', true, 14, 3],
] as const)('over %s', (_, grpc, later, never) => {
  const traces = { protocol: grpc ? 'grpc' : 'http/protobuf' }
  const taken = grpc ? 0 : 200

  it('spans leave within seconds, while the gateway serves', async () => {
    const { post, collector } = await start({ traces, collector: { grpc } })
    await post(toolCall('x'))
    expect(await collector.taken(2)).toHaveLength(2)
    await post(toolCall('x'))
    expect(await collector.taken(4)).toHaveLength(4)
  })

  it('a batch that may be sent again is sent again', async () => {
    const answer = (batch: number) => (batch === 1 ? later : taken)
    const { post, collector } = await start({ traces, collector: { grpc, answer } })
    await post(toolCall('x'))
    expect(await collector.taken(2)).toHaveLength(2)
    expect(traced === null ? null : await dropped(traced, 'send_failed')).toBe(0)
  })

  it('a batch that is refused for good is counted as lost, and said once', async () => {
    const answer = (batch: number) => (batch <= 2 ? never : taken)
    const { post, collector, gateway } = await start({ traces, collector: { grpc, answer } })
    for (const batch of [1, 2]) {
      await post(toolCall('x'))
      await collector.arrived(batch)
    }
    await expect.poll(() => traced && dropped(traced, 'send_failed')).toBe(4)
    await post(toolCall('x'))
    await collector.taken(2)
    const said = () => gateway.logged.filter((line) => line.includes('traces')).length
    await expect.poll(said).toBe(2)
  })

  it('T37: a collector that hangs delays no request, and the exit by three seconds at most', async () => {
    const { post, collector, spans } = await start({ traces, collector: { grpc, answer: () => null } })
    await post(toolCall('x'))
    await collector.arrived(1)
    for (let call = 0; call < 50; call += 1) expect((await post(toolCall('x'))).status).toBe(200)
    const from = performance.now()
    expect(await spans()).toEqual([])
    const took = performance.now() - from
    expect(took).toBeGreaterThan(2500)
    expect(took).toBeLessThan(4500)
  })

  it('nobody there: the exit does not wait', async () => {
    const { post, spans, collector } = await start({ traces, collector: { grpc } })
    await collector.close()
    await post(toolCall('x'))
    const from = performance.now()
    await spans()
    expect(performance.now() - from).toBeLessThan(2000)
  })
})

it('T26: spans for which there is no room are counted, while every call is answered', async () => {
  const { post, collector } = await start({
    settings: { limits: { enabled: false } },
    collector: { answer: () => null },
  })
  const statuses = new Set<number>()
  // At most 512 are with the collector and 4096 wait; there are two for each call.
  const least = 2 * 50 * 50 - 512 - 4096
  for (let wave = 0; wave < 50; wave += 1) {
    const answers = await Promise.all(Array.from({ length: 50 }, () => post(toolCall('x'))))
    for (const { status } of answers) statuses.add(status)
  }
  await collector.arrived(1)
  expect([...statuses]).toEqual([200])
  await expect.poll(() => traced && dropped(traced, 'queue_full')).toBeGreaterThanOrEqual(least)
}, 60_000)
