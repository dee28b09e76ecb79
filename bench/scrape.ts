import { Metrics } from '../src/telemetry/metrics.ts'
import { NameRegistry } from '../src/telemetry/name-registry.ts'
import { observe } from '../src/telemetry/metrics.ts'
import { mcpMethodNames } from '../src/mcp/method.ts'

/** How long one scrape takes with many series: `node bench/scrape.ts`. The limit is 50 ms at 10 000 lines. */
const limitMs = 50
const wantedLines = 10_000

const names = new NameRegistry()
const metrics = new Metrics(names)
const lines = () =>
  metrics
    .render()
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#')).length
const upstream = names.register('upstream', 'code')
for (let number = 0; lines() < wantedLines; number += 1) {
  const tool = names.register('tool', `tool-${number % 900}`)
  const mcp_method_name = mcpMethodNames[number % mcpMethodNames.length] ?? 'other'
  observe(
    metrics.histogram('mcp_server_operation_duration_seconds', {
      mcp_method_name,
      upstream,
      tool,
      error_type: undefined,
    }),
    number / 1000,
  )
}

for (let round = 0; round < 20; round += 1) metrics.render()
const times = Array.from({ length: 100 }, () => {
  const startedAt = performance.now()
  metrics.render()
  return performance.now() - startedAt
}).sort((a, b) => a - b)
const [median = 0, worst = 0] = [times[50], times[99]]
console.log(
  JSON.stringify({ lines: lines(), bytes: metrics.render().length, medianMs: median, worstMs: worst }),
)
process.exitCode = median <= limitMs ? 0 : 1
