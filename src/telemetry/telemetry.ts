import type { Registered } from './field.ts'
import { observe } from './metrics.ts'
import type { Cell, HistogramCell, Metrics } from './metrics.ts'
import { signals } from './signals.ts'
import type { Signal, SignalFields, SignalName } from './signals.ts'
import type { NameRegistry } from './name-registry.ts'
import type { AuthMethod, AuthOutcome, HttpMethod, StatusClass } from './vocabulary.ts'

/** The one way to state a fact: a name of the catalogue and exactly its fields. */
export interface Emit {
  <Name extends SignalName>(signal: Name, fields: SignalFields<Name>): void
}

type Sinks = { readonly [Name in SignalName]: (fields: SignalFields<Name>) => void }

interface AnsweredCells {
  readonly count: Cell
  readonly seconds: HistogramCell
  readonly inFlight: Cell
}

/** Connects the catalogue to the sinks that are on. With metrics off nothing is recorded at all. */
export function createEmit(metrics: Metrics | null, names: NameRegistry): Emit {
  if (metrics === null) return () => {}
  const sinks = metricSinks(metrics)
  return (signal, fields) => {
    if (isDeclared(signal, fields, names)) sinks[signal](fields)
    else metrics.cell('sallyport_telemetry_refused_values_total', { signal }).value += 1
  }
}

/**
 * The strict encoder behind the types: a value outside its vocabulary is not recorded anywhere, but counted.
 * Registered names are checked where the series is made, off the hot path.
 */
function isDeclared(
  name: SignalName,
  values: Readonly<Record<string, unknown>>,
  names: NameRegistry,
): boolean {
  const { fields }: Signal = signals[name]
  for (const key in fields) {
    const field = fields[key]
    const value = values[key]
    if (field === undefined) return false
    if (field.kind === 'duration') {
      if (typeof value !== 'number' || !(value >= 0)) return false
    } else if (typeof value !== 'string') return false
    else if (field.kind === 'oneOf' ? !field.values.includes(value) : !names.has(field.set, value))
      return false
  }
  return true
}

type RouteName = Registered<'route'>

/** Cells by one label value: looking one up makes no text. Bounded by the vocabularies and the name registry. */
class CellCache<Label, Kept> {
  readonly #kept = new Map<Label, Kept>()
  readonly #make: (label: Label) => Kept

  constructor(make: (label: Label) => Kept) {
    this.#make = make
  }

  of(label: Label): Kept {
    const known = this.#kept.get(label)
    if (known !== undefined) return known
    const made = this.#make(label)
    this.#kept.set(label, made)
    return made
  }
}

function metricSinks(metrics: Metrics): Sinks {
  const inFlight = new CellCache((route: RouteName) =>
    metrics.cell('sallyport_requests_in_flight', { route }),
  )
  const answered = new CellCache(
    (route: RouteName) =>
      new CellCache(
        (method: HttpMethod) =>
          new CellCache((status_class: StatusClass): AnsweredCells => {
            const labels = { route, method, status_class }
            return {
              count: metrics.cell('sallyport_http_requests_total', labels),
              seconds: metrics.histogram('sallyport_http_request_duration_seconds', labels),
              inFlight: inFlight.of(route),
            }
          }),
      ),
  )
  const decided = new CellCache(
    (method: AuthMethod) =>
      new CellCache((outcome: AuthOutcome) =>
        metrics.cell('sallyport_auth_requests_total', { method, outcome }),
      ),
  )
  return {
    http_request_started({ route }) {
      inFlight.of(route).value += 1
    },
    http_request_ended({ route, method, status_class, duration }) {
      const cells = answered.of(route).of(method).of(status_class)
      cells.count.value += 1
      cells.inFlight.value -= 1
      observe(cells.seconds, duration)
    },
    auth_decided({ method, outcome }) {
      decided.of(method).of(outcome).value += 1
    },
    auth_rejected(labels) {
      metrics.cell('sallyport_auth_rejected_total', labels).value += 1
    },
    rate_limited(labels) {
      metrics.cell('sallyport_rate_limit_exceeded_total', labels).value += 1
    },
    store_query_failed(labels) {
      metrics.cell('sallyport_store_query_errors_total', labels).value += 1
    },
  }
}
