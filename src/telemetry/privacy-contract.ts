import { fieldOf } from './field.ts'
import type { Declared, Field } from './field.ts'
import { signals } from './signals.ts'
import type { Signal } from './signals.ts'
import { isDisclosed } from './span-attributes.ts'
import type { SpanDisclosure } from './span-attributes.ts'

/** The places a value may go. */
export const sinks = ['metrics', 'traces', 'analytics', 'audit', 'log'] as const
export type SinkName = (typeof sinks)[number]

/** In which shape a value of one kind leaves for one sink. */
export type Passage =
  | 'no'
  | 'label'
  | 'number'
  | 'bucket'
  | 'value'
  /** The names the operator wrote into the configuration; `other` for the rest. */
  | 'configured names'
  /** As `telemetry.attribution.mode` says. */
  | 'by attribution'
  /** Only with the option that asks for it. */
  | 'on request'
  | 'redacted'

type KindPassages = Readonly<Record<SinkName, Passage>>

const word = {
  metrics: 'label',
  traces: 'value',
  analytics: 'value',
  audit: 'value',
  log: 'value',
} as const satisfies KindPassages
const measure = {
  metrics: 'number',
  traces: 'number',
  analytics: 'bucket',
  audit: 'number',
  log: 'number',
} as const satisfies KindPassages

/**
 * The privacy contract: where a value of each kind may go, and in which shape. The reference and `sallyport privacy`
 * print this table; `forbidden.test.ts` holds the types of the sinks to it.
 */
export const passages = {
  oneOf: word,
  flag: word,
  registered: { ...word, analytics: 'configured names' },
  duration: measure,
  size: measure,
  count: measure,
  identity: {
    metrics: 'no',
    traces: 'by attribution',
    analytics: 'by attribution',
    audit: 'value',
    log: 'no',
  },
  detail: { metrics: 'no', traces: 'on request', analytics: 'no', audit: 'value', log: 'no' },
  local: { metrics: 'no', traces: 'no', analytics: 'no', audit: 'value', log: 'redacted' },
} as const satisfies Record<Field['kind'], KindPassages>

/** What a configuration makes of the passages that depend on it. */
export interface ContractSettings {
  readonly on: Readonly<Record<SinkName, boolean>>
  /** What of a principal a span gets, and what an event. */
  readonly principal: { readonly traces: 'id' | 'hash' | null; readonly analytics: 'hash' | null }
  readonly discloses: SpanDisclosure
}

/** One field of one signal: for each sink that is on, in which shape it may go there; null where it may not. */
export interface ContractField {
  readonly field: string
  readonly kind: Field['kind']
  readonly mayBeAbsent: boolean
  readonly goes: Readonly<Partial<Record<SinkName, string | null>>>
}

export interface ContractSignal {
  readonly signal: string
  readonly sentence: string
  readonly identity: Signal['identity']
  readonly fields: readonly ContractField[]
}

/** The contract as one configuration has it. */
export function contractOf(settings: ContractSettings): ContractSignal[] {
  const open = sinks.filter((sink) => settings.on[sink])
  return Object.entries<Signal>(signals).map(([name, signal]) => ({
    signal: name,
    sentence: signal.sentence,
    identity: signal.identity,
    fields: Object.entries(signal.fields).map(([field, declared]) => ({
      field,
      kind: fieldOf(declared).kind,
      mayBeAbsent: 'maybe' in declared,
      goes: Object.fromEntries(
        open.map((sink) => [
          sink,
          reaches(signal, sink) ? shapeOf(passagesOf(declared)[sink], sink, field, settings) : null,
        ]),
      ),
    })),
  }))
}

function shapeOf(
  passage: Passage,
  sink: SinkName,
  field: string,
  { principal, discloses }: ContractSettings,
): string | null {
  if (passage === 'by attribution') return sink === 'traces' ? principal.traces : principal.analytics
  if (passage === 'on request') return isDisclosed(field, discloses) ? 'value' : null
  return passage === 'no' ? null : passage
}

/** Where one declared field may go. */
export function passagesOf(declared: Declared): KindPassages {
  return passages[fieldOf(declared).kind]
}

/**
 * The sinks a signal reaches at all: every one takes what it has a use for, analytics only what is declared as an
 * event, and what is said for the traces alone goes nowhere else.
 */
export function reaches({ analytics, only }: Signal, sink: SinkName): boolean {
  if (only !== undefined) return only === sink
  return sink !== 'analytics' || analytics === true
}
