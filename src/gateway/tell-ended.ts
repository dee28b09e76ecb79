import { statusClasses } from '../telemetry/vocabulary.ts'
import type { StatusClass } from '../telemetry/vocabulary.ts'
import type { Traces } from '../telemetry/traces.ts'
import type { EndedRequest } from './ended-requests.ts'
import { observeCall } from './observe-call.ts'
import type { ObserveCallParts } from './observe-call.ts'
import { observeTrace } from './observe-trace.ts'

export interface TellEndedParts extends ObserveCallParts {
  /** Null when traces are off. */
  readonly traces: Traces | null
}

/** States everything there is to say of a request that is over. */
export function tellEnded(ended: EndedRequest, parts: TellEndedParts): void {
  const { route, method, status, endedAt, call } = ended
  // A client that left before its answer began has no status; what it missed counts as its own doing.
  const status_class = classOf(status ?? 499)
  const duration = (endedAt - call.startedAt) / 1000
  parts.emit('http_request_ended', { route, method, status_class, duration })
  if (parts.traces !== null) observeTrace(ended, { traces: parts.traces, names: parts.names })
  observeCall(ended, parts)
}

/** States that something was answered which could not be read as a request: it has no route, no method and no time. */
export function tellUnreadable(
  status: number,
  { emit, names }: Pick<TellEndedParts, 'emit' | 'names'>,
): void {
  const route = names.register('route', 'unknown')
  emit('http_request_started', { route })
  emit('http_request_ended', { route, method: 'other', status_class: classOf(status), duration: 0 })
}

const classes: ReadonlyMap<number, StatusClass> = new Map(
  statusClasses.map((name) => [Number(name[0]), name]),
)

function classOf(status: number): StatusClass {
  return classes.get(Math.floor(status / 100)) ?? '5xx'
}
