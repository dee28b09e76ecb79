import type { AnalyticsEvent } from './event.ts'

export const analyticsFormats = ['json', 'otlp'] as const
export type AnalyticsFormat = (typeof analyticsFormats)[number]

/** Where a batch is posted: an OTLP URL without a path means the collector's own, `/v1/logs`. */
export function deliveryUrl(endpoint: string, format: AnalyticsFormat): URL {
  const url = new URL(endpoint)
  if (format === 'otlp' && url.pathname === '/') url.pathname = '/v1/logs'
  return url
}

/** The bytes of one batch: `{"events":[…]}`, or OTLP's `ExportLogsServiceRequest` in JSON. */
export function encodeBatch(events: readonly AnalyticsEvent[], format: AnalyticsFormat): Buffer {
  return Buffer.from(JSON.stringify(format === 'json' ? { events } : logsRequest(events)))
}

/** One log record for each event, the event's name in `eventName` and its fields as attributes. */
function logsRequest(events: readonly AnalyticsEvent[]) {
  const version = events[0]?.['version'] ?? 'dev'
  const resource = { 'service.name': 'sallyport', 'service.version': version }
  const scope = { name: 'sallyport.analytics', version: String(version) }
  const scopeLogs = [{ scope, logRecords: events.map(logRecord) }]
  return { resourceLogs: [{ resource: { attributes: attributesOf(resource) }, scopeLogs }] }
}

const informational = { severityNumber: 9, severityText: 'INFO' }

function logRecord(event: AnalyticsEvent) {
  const nanoseconds = String(BigInt(Date.parse(event.time)) * 1_000_000n)
  return {
    timeUnixNano: nanoseconds,
    observedTimeUnixNano: nanoseconds,
    ...informational,
    eventName: `sallyport.${event.event}`,
    body: { stringValue: event.event },
    attributes: attributesOf(event),
  }
}

function attributesOf(values: Readonly<Record<string, string | number | boolean>>) {
  return Object.entries(values).map(([key, value]) => {
    if (typeof value === 'boolean') return { key, value: { boolValue: value } }
    if (typeof value === 'number') return { key, value: { intValue: String(value) } }
    return { key, value: { stringValue: value } }
  })
}
