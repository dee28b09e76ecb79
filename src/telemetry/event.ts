import type { Principal } from '../principal/principal.ts'
import type { Attribution, Pseudonyms } from './attribution.ts'
import { fieldOf } from './field.ts'
import type { AnalyticsField, Field, Identity, Maybe, Measured } from './field.ts'
import type { InstallId } from './install-id.ts'
import type { LaunchFacts, ReleasedVersion } from './install-facts.ts'
import { signals } from './signals.ts'
import type { EventName, Signal } from './signals.ts'
import type { InstallationType } from './vocabulary.ts'

/** What every event of one process says. */
export interface CommonFacts extends LaunchFacts {
  readonly version: ReleasedVersion
  readonly transport: 'http'
  readonly install_id: InstallId
  readonly installation_type: InstallationType
}

/** What marks one event. */
export interface EventMarks {
  readonly event: EventName
  readonly schema: typeof eventSchema
  /** The same however often the event is sent: receivers drop doubles by it. */
  readonly event_id: string
  /** ISO 8601, UTC. */
  readonly time: string
}

/** Raised when the meaning of a field changes; new fields and values do not raise it. */
export const eventSchema = 1

export type AnalyticsEvent = Readonly<Record<string, string | number | boolean>> & EventMarks

/** A key that is taken: an event's own fields cannot shadow it. */
type TakenKey = keyof EventMarks | keyof CommonFacts | keyof Pseudonyms
type Carried = AnalyticsField | Maybe<AnalyticsField>
type Anonymous = Exclude<AnalyticsField, Identity>

/**
 * What a signal must be to leave as an event; the catalogue is checked against it below. It has no field of a kind that
 * stays here, none that shadows a key of another tier, and nobody's identity where none may be (T21).
 */
type EventSignal = EventIdentity & EventGathering
type EventIdentity =
  | { readonly identity: 'principal'; readonly fields: EventFields<Carried> }
  | { readonly identity: 'never'; readonly fields: EventFields<Anonymous | Maybe<Anonymous>> }
type EventGathering =
  | { readonly gathered: readonly string[]; readonly fields: { readonly count?: never } }
  | { readonly gathered?: never }
type EventFields<F> = { readonly [key: string]: F } & { readonly [Key in TakenKey]?: never }

const catalogue = signals satisfies Readonly<Record<EventName, EventSignal>>

/** Every event, by name. */
export const events: ReadonlyMap<string, Signal> = new Map(
  Object.entries<Signal>(catalogue).filter(([, signal]) => signal.analytics === true),
)

/** A fact on its way to being an event. */
export interface EventRecord {
  readonly name: EventName
  readonly fields: Readonly<Record<string, unknown>>
  /** Milliseconds since the epoch. */
  readonly at: number
  /** How many like it this one stands for; null where each stands for itself. */
  readonly count: number | null
}

export interface EventEncoderDependencies {
  readonly common: CommonFacts
  readonly attribution: Attribution
  /** Whether the operator has listed a name in the configuration; `fields` are those it stands among. */
  readonly isListed: (set: string, name: string, fields: EventRecord['fields']) => boolean
  readonly newEventId: () => string
}

type EncodeField = (value: unknown, fields: EventRecord['fields']) => string | boolean | undefined

/** Makes events from records, by the kinds of their fields alone. What is no member of its kind is left out (T20). */
export function createEventEncoder(parts: EventEncoderDependencies): (record: EventRecord) => AnalyticsEvent {
  const encoders = new Map<string, readonly (readonly [string, EncodeField])[]>()
  for (const [name, { fields }] of events) {
    const own = Object.entries(fields).map(
      ([key, field]) => [key, fieldEncoder(fieldOf(field), parts)] as const,
    )
    encoders.set(name, own)
  }
  const pseudonyms = rememberedPseudonyms(parts.attribution)
  return ({ name, fields, at, count }) => {
    const own: Record<string, string | boolean> = {}
    for (const [key, encode] of encoders.get(name) ?? []) {
      const value = encode(fields[key], fields)
      if (value !== undefined) own[key] = value
    }
    return {
      event: name,
      schema: eventSchema,
      event_id: parts.newEventId(),
      time: new Date(at).toISOString(),
      ...parts.common,
      ...own,
      ...(count === null ? {} : { count }),
      ...pseudonyms(fields['principal']),
    }
  }
}

function fieldEncoder(field: Field, parts: EventEncoderDependencies): EncodeField {
  switch (field.kind) {
    case 'oneOf': {
      const values: ReadonlySet<unknown> = new Set(field.values)
      return (value) => (typeof value === 'string' && values.has(value) ? value : undefined)
    }
    case 'flag':
      return (value) => (typeof value === 'boolean' ? value : undefined)
    case 'registered':
      return (value, fields) => {
        if (typeof value !== 'string') return undefined
        return parts.isListed(field.set, value, fields) ? value : 'other'
      }
    case 'duration':
    case 'size':
    case 'count':
      return (value) => bucketOf(field, value)
    // A person leaves as pseudonyms, which have keys of their own; text of others does not leave at all.
    case 'identity':
    case 'detail':
    case 'local':
      return () => undefined
  }
}

function bucketOf({ buckets }: Measured, value: unknown): string | undefined {
  if (typeof value !== 'number' || !(value >= 0)) return undefined
  return buckets.find(([below]) => value < below)?.[1]
}

/** Requests of one credential share their principal: its hashes are made once. */
function rememberedPseudonyms(attribution: Attribution): (principal: unknown) => Pseudonyms | null {
  const known = new WeakMap<Principal, { readonly hashes: Pseudonyms | null }>()
  return (principal) => {
    if (principal === undefined) return null
    const somebody = principal as Principal
    let found = known.get(somebody)
    if (found === undefined) {
      found = { hashes: attribution.forAnalytics(somebody) }
      known.set(somebody, found)
    }
    return found.hashes
  }
}
