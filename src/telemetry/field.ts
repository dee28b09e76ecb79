/**
 * The kinds a field of a signal may have. The kind decides where a value may go, so a sink that must not carry a
 * value cannot be typed to take it. There is no kind for a secret: a key or token has no way in.
 */
export interface OneOf<Value extends string = string> {
  readonly kind: 'oneOf'
  readonly values: readonly Value[]
}

/** A name known only at run time (route templates, upstreams). The set is capped; what is not in it is `other`. */
export interface RegisteredIn<SetName extends string = string> {
  readonly kind: 'registered'
  readonly set: SetName
}

/** Seconds. */
export interface Duration {
  readonly kind: 'duration'
}

export type Field = OneOf | RegisteredIn | Duration

/** The only fields that can be a metric's label: closed lists and registered names. */
export type LabelField = OneOf | RegisteredIn

declare const registeredIn: unique symbol
/** Proof that a text is a member of a registered set: only `NameRegistry.register` makes one. */
export type Registered<SetName extends string> = string & { readonly [registeredIn]: SetName }

export type FieldValue<F extends Field> =
  F extends OneOf<infer Value> ? Value : F extends RegisteredIn<infer SetName> ? Registered<SetName> : number

export function oneOf<const Value extends string>(...values: readonly Value[]): OneOf<Value> {
  return { kind: 'oneOf', values }
}

export function registered<const SetName extends string>(set: SetName): RegisteredIn<SetName> {
  return { kind: 'registered', set }
}

export const duration: Duration = { kind: 'duration' }
