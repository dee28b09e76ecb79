import type { MetricSink } from './metric-sink.ts'
import type { NameRegistry } from './name-registry.ts'
import { signals } from './signals.ts'
import type { SignalFields, SignalName } from './signals.ts'
import { createValidator } from './validate.ts'
import type { Validator } from './validate.ts'

/**
 * The one way to state a fact: a name of the catalogue and exactly its fields. `at`: when it was so, in epoch
 * milliseconds; now when it is left out.
 */
export interface Emit {
  <Name extends SignalName>(signal: Name, fields: SignalFields<Name>, at?: number): void
}

/** A place signals go besides the metrics: analytics, audit. Takes at once; work is done later. */
export interface Sink {
  readonly take: Emit
  /** The signals it has a use for; it is told of no others. */
  readonly takes: ReadonlySet<SignalName>
}

interface Way {
  readonly isDeclared: Validator
  readonly move: ((fields: object) => void) | null
  readonly sinks: readonly Sink[]
}

/** Connects the catalogue to the sinks that are on. With none on, nothing is looked at at all. */
export function createEmit(names: NameRegistry, metrics: MetricSink | null, sinks: readonly Sink[]): Emit {
  if (metrics === null && sinks.length === 0) return () => {}
  const ways = new Map<string, Way>()
  for (const signal of Object.keys(signals) as SignalName[]) {
    const takers = sinks.filter(({ takes }) => takes.has(signal))
    const move = metrics?.moverOf(signal) ?? null
    ways.set(signal, { isDeclared: createValidator(signal, names), move, sinks: takers })
  }
  return (signal, fields, at) => {
    const way = ways.get(signal)
    if (way?.isDeclared(fields) !== true) {
      metrics?.refused(signal)
      return
    }
    way.move?.(fields)
    for (const sink of way.sinks) sink.take(signal, fields, at)
  }
}
