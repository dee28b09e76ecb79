import { describe, expect, it } from 'vitest'
import { Metrics, observe } from './metrics.ts'
import { NameRegistry } from './name-registry.ts'
import { metrics as catalogue } from './metric-catalogue.ts'

function fresh() {
  const names = new NameRegistry()
  return { names, metrics: new Metrics(names) }
}
const samples = (metrics: Metrics, name: string) =>
  metrics
    .render()
    .split('\n')
    .filter((line) => line.startsWith(name))

describe('exposition', () => {
  it('declares every metric of the catalogue once, with help and type', () => {
    const text = fresh().metrics.render()
    for (const [name, { help, type }] of Object.entries(catalogue)) {
      expect(text.split(`# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`)).toHaveLength(2)
    }
    expect(text.endsWith('\n')).toBe(true)
    for (const line of text.trimEnd().split('\n')) {
      expect(line).toMatch(/^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{[^{}]*\})? -?[\d.e+]+)$/)
    }
  })

  it('has reachable series at zero before anything has happened', () => {
    const lines = samples(fresh().metrics, 'sallyport_auth_rejected_total{')
    expect(lines).toContain('sallyport_auth_rejected_total{reason="origin_rejected",surface="mcp"} 0')
    expect(lines).toContain('sallyport_auth_rejected_total{reason="host_rejected",surface="health"} 0')
    expect(lines.every((line) => line.endsWith(' 0'))).toBe(true)
  })

  it('counts observations into cumulative buckets, bounds included', () => {
    const { names, metrics } = fresh()
    const route = names.register('route', '/mcp')
    const name = 'sallyport_http_request_duration_seconds'
    const cell = metrics.histogram(name, { route, method: 'GET', status_class: '2xx' })
    for (const seconds of [0, 0.001, 0.0011, 0.3, 300, 301]) observe(cell, seconds)
    const labels = 'route="/mcp",method="GET",status_class="2xx"'
    const lines = samples(metrics, name)
    for (const [bound, count] of [
      ['0.001', 2],
      ['0.0025', 3],
      ['0.25', 3],
      ['0.5', 4],
      ['60', 4],
      ['300', 5],
      ['+Inf', 6],
    ]) {
      expect(lines).toContain(`${name}_bucket{${labels},le="${bound}"} ${count}`)
    }
    expect(lines).toContain(`${name}_count{${labels}} 6`)
    expect(
      Number(
        lines
          .find((line) => line.startsWith(`${name}_sum`))
          ?.split(' ')
          .at(-1),
      ),
    ).toBeCloseTo(601.3021)
  })

  it('escapes what a label value may hold', () => {
    const { names, metrics } = fresh()
    const version = names.register('version', 'a"b\\c\nd')
    metrics.cell('sallyport_build_info', { version, commit: names.register('commit', 'x') }).value = 1
    expect(samples(metrics, 'sallyport_build_info')).toEqual([
      'sallyport_build_info{version="a\\"b\\\\c\\nd",commit="x"} 1',
    ])
  })
})

describe('a series', () => {
  it('is one cell, however often it is asked for', () => {
    const { names, metrics } = fresh()
    const route = names.register('route', '/mcp')
    const cell = metrics.cell('sallyport_requests_in_flight', { route })
    cell.value += 2
    expect(metrics.cell('sallyport_requests_in_flight', { route })).toBe(cell)
    expect(samples(metrics, 'sallyport_requests_in_flight{')).toEqual([
      'sallyport_requests_in_flight{route="/mcp"} 2',
    ])
  })

  it('T20, T30: free text that came past the types becomes `other`', () => {
    const { metrics } = fresh()
    const labels = { route: '/secret/path', method: 'PROPFIND', status_class: '9xx' }
    metrics.cell('sallyport_http_requests_total', labels as never).value += 1
    metrics.cell('sallyport_http_requests_total', {} as never).value += 1
    expect(samples(metrics, 'sallyport_http_requests_total{')).toEqual([
      'sallyport_http_requests_total{route="other",method="other",status_class="other"} 2',
    ])
  })

  it('of another type is an error, not a wrong number', () => {
    const { metrics } = fresh()
    expect(() => metrics.histogram('sallyport_requests_in_flight', { route: 'other' } as never)).toThrow()
    expect(() =>
      metrics.cell('sallyport_http_request_duration_seconds', { route: 'other' } as never),
    ).toThrow()
  })
})
