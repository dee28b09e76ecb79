import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { reportSkippedSuite } from '../test/support/skipped-suites.ts'
import { dashboardFiles, dashboardFindings, expressionsOf, untestedAlerts } from './check-dashboards.ts'
import { promqlProblems } from './promql-problems.ts'

const root = resolve(import.meta.dirname, '..')
const read = (name: string) => readFileSync(resolve(root, 'dashboards', name), 'utf8')
const requests = 'sallyport_http_requests_total'

describe('an expression', () => {
  it.each([
    `sum(rate(${requests}{status_class="5xx"}[5m])) / sum(rate(${requests}[5m])) > 0.05`,
    `sum by (route) (rate(${requests}[$__rate_interval])) / clamp_min(sum by (route) (rate(${requests}[1m])), 1)`,
    'sum(max by (upstream) (sallyport_mcp_sessions_active))',
    'histogram_quantile(0.9, sum by (le) (rate(mcp_server_operation_duration_seconds_bucket[5m])))',
    'max by (instance) (sallyport_gauge_refresh_age_seconds) / 60',
    'sallyport_upstream_up{upstream=~"$upstream", job="x"} == 0',
  ])('passes: %s', (text) => expect(promqlProblems(text)).toEqual([]))

  it.each([
    ['sum(rate(', 'cannot be read'],
    ['sallyport_sign_ins_total', 'sallyport_sign_ins_total is no series of the catalogue'],
    ['mcp_server_operation_duration_seconds', 'is no series'],
    [`${requests}_bucket`, 'is no series'],
    [`${requests}{user="ann"}`, `${requests} has no label user`],
    [`${requests}{le="1"}`, `${requests} has no label le`],
    [`sum by (user) (${requests})`, `${requests} has no label user`],
    [`sum without (user) (${requests})`, `${requests} has no label user`],
    [`${requests}{status_class="500"}`, 'status_class="500" is no value'],
    [`${requests}{status_class=~"4xx|500"}`, 'status_class="500" is no value'],
    ['sum(sallyport_users_registered)', 'take max, not the sum'],
    ['sallyport_api_keys_active', 'take max, not the sum'],
    [`rate(${requests}{status_class="5xx"}[5m]) / rate(${requests}[5m])`, 'needs a sum on both sides'],
    [`sum(rate(${requests}{status_class="5xx"}[5m])) / rate(${requests}[5m])`, 'needs a sum on both sides'],
    [`sum by (route) (rate(${requests}[5m])) / sum(rate(${requests}[5m]))`, 'grouped by the same labels'],
  ])('T35: fails: %s', (text, problem) => expect(promqlProblems(text).join('\n')).toContain(problem))
})

describe('the dashboards and alert rules', () => {
  it('ask only for what the catalogue declares', () => {
    const files = dashboardFiles(root)
    expect(files.map(({ path }) => path)).toEqual(
      ['alerts.yaml', 'auth.json', 'latency.json', 'sessions.json', 'telemetry.json', 'usage.json'].map(
        (name) => `dashboards/${name}`,
      ),
    )
    expect(dashboardFindings(files)).toEqual([])
    for (const file of files) expect(expressionsOf(file).length, file.path).toBeGreaterThan(4)
  })

  it('have a case for each alert in which it fires, and one in which it does not', () => {
    expect(untestedAlerts(read('alerts.yaml'), read('alerts.test.yaml'))).toEqual([])
  })
})

const hasPromtool = spawnSync('promtool', ['--version']).status === 0
if (!hasPromtool) reportSkippedSuite('alert rules', 'promtool is not installed (Debian: prometheus)')

describe.skipIf(!hasPromtool)('the alert rules on synthetic series', () => {
  it('T35: fire when they must and not otherwise', () => {
    const run = spawnSync('promtool', ['test', 'rules', 'alerts.test.yaml'], {
      cwd: resolve(root, 'dashboards'),
      encoding: 'utf8',
    })
    expect(run.stdout + run.stderr).toContain('SUCCESS')
    expect(run.status).toBe(0)
  })
})
