import type { GlobalSettings } from '../config/options.ts'
import type { TracesDependencies, TracesOptions, Traces } from '../telemetry/traces.ts'
import { createTraces } from '../telemetry/traces.ts'

/** The traces sink of a configuration; null without an endpoint: then nothing is built and no socket is opened. */
export function tracesOf(settings: GlobalSettings, parts: TracesDependencies): Traces | null {
  const endpoint = settings['telemetry.traces.endpoint']
  if (endpoint === null) return null
  const options: TracesOptions = {
    endpoint: new URL(endpoint),
    protocol: settings['telemetry.traces.protocol'],
    headers: headersIn(settings['telemetry.traces.headers'] ?? ''),
    sampleRatio: settings['telemetry.traces.sampleRatio'],
    slowSeconds: settings['telemetry.traces.slowSeconds'],
    discloses: {
      details: settings['telemetry.traces.details'],
      contents: settings['telemetry.traces.arguments'],
      clientAddress: settings['telemetry.traces.clientAddress'],
    },
  }
  return createTraces(options, parts)
}

/** `name=value,name=value`, as the option's own check has found it. */
export function headersIn(text: string): [string, string][] {
  return text
    .split(',')
    .filter((pair) => pair.trim() !== '')
    .map((pair) => {
      const equals = pair.indexOf('=')
      return [pair.slice(0, equals).trim().toLowerCase(), pair.slice(equals + 1).trim()]
    })
}
