import { eventSchema } from './event.ts'
import type { CommonFacts } from './event.ts'
import type { EventName } from './signals.ts'

export const analyticsFormats = ['json', 'otlp'] as const
export type AnalyticsFormat = (typeof analyticsFormats)[number]

/** Where a batch is posted: an OTLP URL without a path means the collector's own, `/v1/logs`. */
export function deliveryUrl(endpoint: string, format: AnalyticsFormat): URL {
  const url = new URL(endpoint)
  if (format === 'otlp' && url.pathname === '/') url.pathname = '/v1/logs'
  return url
}

/**
 * How events are written: `{"events":[…]}`, or OTLP's `ExportLogsServiceRequest` in JSON, one log record for each event
 * with its name in `eventName` and its fields as attributes. The pieces are made once.
 */
export interface EventStyle {
  /** What goes before the events of a batch, and after them. Between events there is a comma. */
  readonly opening: string
  readonly closing: string
  /** What an event begins with; to be told its id and its time in milliseconds. */
  begin(name: EventName): (id: string, at: number) => string
  /** One field, with a comma before it. */
  field(key: string, value: string | number | boolean): string
  readonly end: string
}

export function eventStyle(format: AnalyticsFormat, { version }: Pick<CommonFacts, 'version'>): EventStyle {
  const timeText = rememberedTime()
  if (format === 'json') {
    return {
      opening: '{"events":[',
      closing: ']}',
      begin(name) {
        const lead = `{"event":${JSON.stringify(name)},"schema":${eventSchema},"event_id":"`
        return (id, at) => `${lead}${id}","time":"${timeText(at)}"`
      },
      field: (key, value) => `,${JSON.stringify(key)}:${JSON.stringify(value)}`,
      end: '}',
    }
  }
  const attribute = (key: string, value: string | number | boolean) =>
    JSON.stringify({ key, value: valueOf(value) })
  const resource = [attribute('service.name', 'sallyport'), attribute('service.version', version)].join(',')
  const scope = JSON.stringify({ name: 'sallyport.analytics', version })
  return {
    opening: `{"resourceLogs":[{"resource":{"attributes":[${resource}]},"scopeLogs":[{"scope":${scope},"logRecords":[`,
    closing: ']}]}]}',
    begin(name) {
      const head = `"severityNumber":9,"severityText":"INFO","eventName":${JSON.stringify(`sallyport.${name}`)}`
      const own = `${attribute('event', name)},${attribute('schema', eventSchema)}`
      const lead = `${head},"body":{"stringValue":${JSON.stringify(name)}},"attributes":[${own}`
      return (id, at) => {
        const time = `"${at}000000"`
        const marks = `${attribute('event_id', id)},${attribute('time', timeText(at))}`
        return `{"timeUnixNano":${time},"observedTimeUnixNano":${time},${lead},${marks}`
      }
    },
    field: (key, value) => `,${attribute(key, value)}`,
    end: ']}',
  }
}

function valueOf(value: string | number | boolean) {
  if (typeof value === 'boolean') return { boolValue: value }
  return typeof value === 'number' ? { intValue: String(value) } : { stringValue: value }
}

/** ISO 8601: many events share their millisecond. */
function rememberedTime(): (at: number) => string {
  let known = Number.NaN
  let iso = ''
  return (at) => {
    if (at !== known) {
      iso = new Date(at).toISOString()
      known = at
    }
    return iso
  }
}
