import type { MetricSink } from './metric-sink.ts'
import type { NameRegistry } from './name-registry.ts'
import type { SignalFields, SignalName } from './signals.ts'
import { createValidator } from './validate.ts'

/** The one way to state a fact: a name of the catalogue and exactly its fields. */
export interface Emit {
  <Name extends SignalName>(signal: Name, fields: SignalFields<Name>): void
}

/** A place signals go besides the metrics: traces, analytics, audit. Takes at once; work is done later. */
export interface Sink {
  readonly take: Emit
}

/** Connects the catalogue to the sinks that are on. With none on, nothing is looked at at all. */
export function createEmit(names: NameRegistry, metrics: MetricSink | null, sinks: readonly Sink[]): Emit {
  if (metrics === null && sinks.length === 0) return () => {}
  const isDeclared = createValidator(names)
  return (signal, fields) => {
    if (!isDeclared(signal, fields)) {
      metrics?.refused(signal)
      return
    }
    metrics?.take(signal, fields)
    for (const sink of sinks) sink.take(signal, fields)
  }
}
