import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { Attribution } from './attribution.ts'
import { DeliveryQueue } from './delivery.ts'
import type { DropReason } from './delivery.ts'
import type { DeliveryHttp } from './delivery-http.ts'
import { createEventEncoder, events } from './event.ts'
import type { CommonFacts, EventRecord } from './event.ts'
import { eventStyle } from './event-format.ts'
import type { AnalyticsFormat } from './event-format.ts'
import { EventGathering } from './event-gathering.ts'
import { eventIds } from './event-id.ts'
import type { Log } from './log.ts'
import type { EventName, SignalFields, SignalName } from './signals.ts'
import type { Sink } from './telemetry.ts'

export interface AnalyticsOptions {
  readonly format: AnalyticsFormat
  readonly common: CommonFacts
}

export interface AnalyticsDependencies {
  readonly http: DeliveryHttp
  readonly attribution: Attribution
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
}

/** The names of one upstream that the operator has listed in the configuration. */
export interface ListedUpstream {
  readonly name: string
  readonly tools: readonly string[]
}

/** Product analytics: made only where an endpoint is set and nobody has refused. */
export interface Analytics extends Sink {
  /** How many events were lost so far, by reason. */
  readonly dropped: Readonly<Record<DropReason, number>>
  /** What this process has seen so far. */
  readonly seen: { readonly request: boolean; readonly session: boolean }
  /** From now on these names leave as they are; all others leave as `other`. */
  list(upstreams: readonly ListedUpstream[]): void
  /** Sends what is left, for at most so long. Never rejects. */
  close(withinMs: number): Promise<void>
}

const lifecycle: ReadonlySet<EventName> = new Set<EventName>([
  'server_started',
  'server_shutdown',
  'startup_error',
])

export function createAnalytics(
  { format, common }: AnalyticsOptions,
  { http, attribution, clock, random, log }: AnalyticsDependencies,
): Analytics {
  const dropped = { queue_full: 0, send_failed: 0, closed: 0 }
  const seen = { request: false, session: false }
  let listed = new Map<string, ReadonlySet<string>>()
  const style = eventStyle(format, common)
  const encode = createEventEncoder({
    style,
    common,
    attribution,
    isListed: (set, name, fields) =>
      set === 'upstream'
        ? listed.has(name)
        : set === 'tool' && listed.get(String(fields['upstream']))?.has(name) === true,
    newEventId: eventIds(random),
  })
  const queue = new DeliveryQueue({
    opening: style.opening,
    closing: style.closing,
    send: (body, signal) => http.send(body, signal),
    onDropped(reason, count) {
      dropped[reason] += count
      if (reason === 'send_failed') log.warn('analytics events could not be delivered', { count })
    },
  })
  const send = (record: EventRecord) => queue.add(encode(record), lifecycle.has(record.name))
  const gathering = new EventGathering(clock, send)
  return {
    dropped,
    seen,
    list(upstreams) {
      listed = new Map(upstreams.map(({ name, tools }) => [name, new Set(tools)]))
    },
    takes: new Set<SignalName>([...(events.keys() as Iterable<SignalName>), 'operation_ended']),
    take(signal, fields, at = clock.now()) {
      if (signal === 'operation_ended') seen.request = true
      const event = events.get(signal)
      if (event === undefined) return
      if (signal === 'session_initialized') seen.session = true
      if (signal === 'auth_rejected' && (fields as SignalFields<'auth_rejected'>).surface === 'mcp')
        seen.request = true
      const record: EventRecord = { name: signal as EventName, fields, at, count: null }
      if (event.gathered === undefined) send(record)
      else gathering.take(record, event.gathered)
    },
    async close(withinMs) {
      gathering.end()
      await queue.close(withinMs)
      await http.close().catch(() => {})
    },
  }
}
