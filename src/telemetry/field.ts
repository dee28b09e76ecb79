import type { Principal } from '../principal/principal.ts'

/**
 * The kinds a field of a signal may have. The kind decides where a value may go, so a sink that must not carry a
 * value cannot be typed to take it. There is no kind for a secret: a credential is a `Secret`, which no kind takes.
 */
export interface OneOf<Value extends string = string> {
  readonly kind: 'oneOf'
  readonly values: readonly Value[]
}

export interface Flag {
  readonly kind: 'flag'
}

/** A name known only at run time (route templates, upstreams). The set is capped; what is not in it is `other`. */
export interface RegisteredIn<SetName extends string = string> {
  readonly kind: 'registered'
  readonly set: SetName
}

/** A number, with the buckets in which it leaves for analytics: the upper bound of each, and its name. */
export interface Measured {
  readonly kind: 'duration' | 'size' | 'count'
  readonly buckets: readonly (readonly [below: number, name: string])[]
}

/** Who did it. Never a label; elsewhere as attribution says. */
export interface Identity {
  readonly kind: 'identity'
}

/** Client or upstream text useful in a trace; only with `telemetry.traces.details`. */
export interface Detail {
  readonly kind: 'detail'
  readonly longest: number
}

/** Text that stays here: audit and, redacted, the log. */
export interface Local {
  readonly kind: 'local'
  readonly longest: number
}

export type Field = OneOf | Flag | RegisteredIn | Measured | Identity | Detail | Local
/** A field that may be absent; absent is not the same as `other`. */
export interface Maybe<F extends Field = Field> {
  readonly maybe: F
}
export type Declared = Field | Maybe

/** What each sink may carry. A field outside the list does not type there. */
export type LabelField = OneOf | Flag | RegisteredIn
export type SpanField = LabelField | Measured | Identity | Detail
export type AnalyticsField = LabelField | Measured | Identity

declare const registeredIn: unique symbol
/** Proof that a text is a member of a registered set: only `NameRegistry` makes one. */
export type Registered<SetName extends string> = string & { readonly [registeredIn]: SetName }

export type FieldValue<F extends Field> =
  F extends OneOf<infer Value>
    ? Value
    : F extends Flag
      ? boolean
      : F extends RegisteredIn<infer SetName>
        ? Registered<SetName>
        : F extends Measured
          ? number
          : F extends Identity
            ? Principal
            : string

/** The value of a declared field; `undefined` where it may be absent. */
export type DeclaredValue<D> =
  D extends Maybe<infer F> ? FieldValue<F> | undefined : D extends Field ? FieldValue<D> : never

export function oneOf<const Value extends string>(...values: readonly Value[]): OneOf<Value> {
  return { kind: 'oneOf', values }
}

export function registered<const SetName extends string>(set: SetName): RegisteredIn<SetName> {
  return { kind: 'registered', set }
}

export function maybe<F extends Field>(field: F): Maybe<F> {
  return { maybe: field }
}

export const flag: Flag = { kind: 'flag' }
export const identity: Identity = { kind: 'identity' }

export function detail(longest: number): Detail {
  return { kind: 'detail', longest }
}

export function local(longest: number): Local {
  return { kind: 'local', longest }
}

/** Seconds. */
export function duration(...buckets: Measured['buckets']): Measured {
  return { kind: 'duration', buckets }
}

export function count(...buckets: Measured['buckets']): Measured {
  return { kind: 'count', buckets }
}

/** The field behind a declaration, present or not. */
export function fieldOf(declared: Declared): Field {
  return 'maybe' in declared ? declared.maybe : declared
}
