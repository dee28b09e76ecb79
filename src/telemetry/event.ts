import type { Principal } from '../principal/principal.ts'
import type { Attribution, Pseudonyms } from './attribution.ts'
import type { EventStyle } from './event-format.ts'
import { fieldOf } from './field.ts'
import type { AnalyticsField, Field, Identity, Maybe } from './field.ts'
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
  readonly style: EventStyle
  readonly common: CommonFacts
  readonly attribution: Attribution
  /** Whether the operator has listed a name in the configuration; `fields` are those it stands among. */
  readonly isListed: (set: string, name: string, fields: EventRecord['fields']) => boolean
  readonly newEventId: () => string
}

/** Writes one field as a piece of text; nothing where the value is no member of its kind. */
type WriteField = (value: unknown, fields: EventRecord['fields']) => string

/**
 * Writes events from records, by the kinds of their fields alone. What is no member of its kind is left out (T20). The
 * values are of closed lists, so their texts are made once and an event is a few look-ups.
 */
export function createEventEncoder(parts: EventEncoderDependencies): (record: EventRecord) => string {
  const { style, newEventId } = parts
  const written = Object.entries(parts.common).map(([key, value]) => style.field(key, value))
  const common = written.join('')
  const encoders = new Map<string, EventWriter>()
  for (const [name, { fields }] of events) {
    const writers = Object.entries(fields).map(([key, field]) => ({
      key,
      write: fieldWriter(key, fieldOf(field), parts),
    }))
    encoders.set(name, { begin: style.begin(name as EventName), writers })
  }
  const pseudonyms = rememberedPseudonyms(parts.attribution, style)
  return ({ name, fields, at, count }) => {
    const encoder = encoders.get(name)
    if (encoder === undefined) throw new TypeError(`${name} is no event`)
    let text = encoder.begin(newEventId(), at) + common
    for (const { key, write } of encoder.writers) text += write(fields[key], fields)
    if (count !== null) text += style.field('count', count)
    return text + pseudonyms(fields['principal']) + style.end
  }
}

interface EventWriter {
  readonly begin: (id: string, at: number) => string
  readonly writers: readonly { readonly key: string; readonly write: WriteField }[]
}

function fieldWriter(key: string, field: Field, { style, isListed }: EventEncoderDependencies): WriteField {
  switch (field.kind) {
    case 'oneOf': {
      const texts = new Map<unknown, string>(field.values.map((value) => [value, style.field(key, value)]))
      let last: unknown
      let text = ''
      return (value) => {
        if (value === last) return text
        last = value
        return (text = texts.get(value) ?? '')
      }
    }
    case 'flag': {
      const [yes, no] = [style.field(key, true), style.field(key, false)]
      return (value) => (value === true ? yes : value === false ? no : '')
    }
    case 'registered': {
      const { set } = field
      const other = style.field(key, 'other')
      // Only names of the configuration get in here: it stays as small as that.
      const texts = new Map<string, string>()
      return (value, fields) => {
        if (typeof value !== 'string') return ''
        if (!isListed(set, value, fields)) return other
        let text = texts.get(value)
        if (text === undefined) texts.set(value, (text = style.field(key, value)))
        return text
      }
    }
    case 'duration':
    case 'size':
    case 'count': {
      const bounds = field.buckets.map(([below]) => below)
      const texts = field.buckets.map(([, name]) => style.field(key, name))
      return (value) => texts[placeOf(value, bounds)] ?? ''
    }
    // A person leaves as pseudonyms, which have keys of their own; text of others does not leave at all.
    case 'identity':
    case 'detail':
    case 'local':
      return () => ''
  }
}

/** The place of the first bound above a value; -1 for what is no number from zero up. */
function placeOf(value: unknown, bounds: readonly number[]): number {
  if (typeof value !== 'number' || !(value >= 0)) return -1
  for (let place = 0; place < bounds.length; place += 1) if (value < (bounds[place] ?? 0)) return place
  return -1
}

/** Requests of one credential share their principal: its hashes are made once. */
function rememberedPseudonyms(attribution: Attribution, style: EventStyle): (principal: unknown) => string {
  const known = new WeakMap<Principal, string>()
  return (principal) => {
    if (principal === undefined) return ''
    const somebody = principal as Principal
    let text = known.get(somebody)
    if (text === undefined) {
      const hashes = Object.entries(attribution.forAnalytics(somebody) ?? {})
      text = hashes.map(([key, hash]) => style.field(key, hash)).join('')
      known.set(somebody, text)
    }
    return text
  }
}
