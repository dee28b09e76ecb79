import { readProcessUsage } from '../lib/process-facts.ts'
import type { Analytics } from '../telemetry/analytics.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { NameRegistry } from '../telemetry/name-registry.ts'
import type { SignalName } from '../telemetry/signals.ts'
import type { DropReason } from '../telemetry/span-queue.ts'
import type { Surroundings } from './surroundings.ts'

/** Numbers that no signal moves: they are looked up, or counted by telemetry about itself. */
export interface StatedMetrics {
  dropped(sink: 'traces' | 'audit', reason: DropReason, count: number): void
  refused(signal: SignalName): void
}

/** With metrics off nothing is counted. */
export function createStatedMetrics(metrics: Metrics | null): StatedMetrics {
  return {
    dropped(sink, reason, count) {
      if (metrics !== null) metrics.cell('sallyport_telemetry_dropped_total', { sink, reason }).value += count
    },
    refused(signal) {
      if (metrics !== null) metrics.cell('sallyport_telemetry_refused_values_total', { signal }).value += 1
    },
  }
}

/** Analytics outlive what is composed here: they count for themselves, and the page says what they counted. */
export function stateAnalytics(metrics: Metrics, { dropped }: Analytics): void {
  metrics.beforeRender(() => {
    for (const reason of ['queue_full', 'send_failed', 'closed'] as const)
      metrics.cell('sallyport_telemetry_dropped_total', { sink: 'analytics', reason }).value = dropped[reason]
  })
}

/** What runs, and what it uses of the machine. */
export function stateProcess(
  metrics: Metrics,
  names: NameRegistry,
  { version, commit }: Surroundings['version'],
): void {
  const labels = { version: names.register('version', version), commit: names.register('commit', commit) }
  metrics.cell('sallyport_build_info', labels).value = 1
  metrics.beforeRender(() => {
    const { cpuSeconds, residentBytes, heapBytes, startedAtSeconds } = readProcessUsage()
    metrics.cell('process_cpu_seconds_total', {}).value = cpuSeconds
    metrics.cell('process_resident_memory_bytes', {}).value = residentBytes
    metrics.cell('process_start_time_seconds', {}).value = startedAtSeconds
    metrics.cell('nodejs_heap_size_used_bytes', {}).value = heapBytes
  })
}
