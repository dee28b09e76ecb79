import { expect, it } from 'vitest'
import { startGateway } from '../support/gateway.ts'
import { startOtlpCollector } from '../support/otlp-collector.ts'
import { readMetricsJson, readMetricsProtobuf } from '../support/otlp-read-metrics.ts'
import type { SeenPoint } from '../support/otlp-read-metrics.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'

const protocols = [
  { protocol: 'http/protobuf', read: readMetricsProtobuf, path: '/v1/metrics' },
  { protocol: 'http/json', read: readMetricsJson, path: '/v1/metrics' },
  {
    protocol: 'grpc',
    read: readMetricsProtobuf,
    path: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
  },
] as const

it.each(protocols)(
  'a collector gets the numbers of /metrics over $protocol',
  async ({ protocol, read, path }) => {
    const collector = await startOtlpCollector({ grpc: protocol === 'grpc', signal: 'metrics' })
    const upstream = await startRecordingUpstream()
    const endpoint = {
      endpoint: collector.url,
      protocol,
      headers: 'x-collector-key=k1',
      intervalSeconds: 3600,
    }
    const gateway = await startGateway({
      upstreams: [{ name: 'code', url: upstream.url }],
      settings: { telemetry: { metrics: endpoint } },
    })
    const ada = await gateway.addUser('ada@example.com')
    const { key } = await gateway.createKey(ada)
    for (const credential of [key, key, `${key.slice(0, -1)}_`]) {
      await fetch(`${gateway.url}/mcp`, {
        method: 'POST',
        headers: { authorization: `Bearer ${credential}`, 'content-type': 'application/json' },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      }).then((answer) => answer.text())
    }
    const page = await fetch(`${gateway.url}/metrics`).then((answer) => answer.text())
    // The end sends the last numbers.
    await gateway.close()
    const seen = read(collector.bodies.at(-1) ?? Buffer.alloc(0))
    expect(collector.batches.at(-1)).toMatchObject({ ':path': path, 'x-collector-key': 'k1' })
    expect(valueOf(seen, 'sallyport.auth.requests', { method: 'api_key', outcome: 'accepted' })).toBe(2)
    expect(page).toContain('sallyport_auth_requests_total{method="api_key",outcome="accepted"} 2')
    expect(valueOf(seen, 'mcp.server.operation.duration', { 'mcp.method.name': 'tools/list' })).toMatchObject(
      {
        count: 2,
      },
    )
    const text = collector.bodies.map((body) => body.toString('latin1')).join()
    for (const secret of [key, ada.id, ada.email]) expect(text).not.toContain(secret)
    await Promise.all([collector.close(), upstream.close()])
  },
)

it('T37: a collector that never answers delays neither a request nor the end', async () => {
  const collector = await startOtlpCollector({ signal: 'metrics', answer: () => null })
  const upstream = await startRecordingUpstream()
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url }],
    settings: { telemetry: { metrics: { endpoint: collector.url, intervalSeconds: 1 } } },
  })
  await collector.arrived(1)
  expect((await fetch(`${gateway.url}/healthz`)).status).toBe(200)
  await gateway.close()
  expect(collector.bodies).toHaveLength(0)
  await Promise.all([collector.close(), upstream.close()])
})

it('without an endpoint nothing is opened, nor with metrics off', async () => {
  const collector = await startOtlpCollector({ signal: 'metrics' })
  const upstream = await startRecordingUpstream()
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url }],
    settings: { telemetry: { metrics: { enabled: false, endpoint: collector.url } } },
  })
  await gateway.close()
  expect(collector.connections).toBe(0)
  await Promise.all([collector.close(), upstream.close()])
})

function valueOf(seen: readonly SeenPoint[], name: string, attributes: Readonly<Record<string, string>>) {
  return seen.find(
    (point) =>
      point.name === name &&
      Object.entries(attributes).every(([key, value]) => point.attributes[key] === value),
  )?.value
}
