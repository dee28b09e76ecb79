import { fieldOf } from './field.ts'
import type { Declared, Field } from './field.ts'
import type { NameRegistry } from './name-registry.ts'
import { signals } from './signals.ts'
import type { Signal, SignalName } from './signals.ts'

type Check = readonly [key: string, isDeclared: (value: unknown) => boolean]

/** Answers whether every field is there and is what the catalogue declares; what is not, goes nowhere. */
export type Validator = (fields: object) => boolean

/** The strict encoder behind the types: stops what a cast around them lets through (T20, T22). */
export function createValidator(name: SignalName, names: NameRegistry): Validator {
  const signal: Signal = signals[name]
  const checks = Object.entries(signal.fields).map(([key, declared]): Check => [
    key,
    checkOf(declared, names),
  ])
  return (fields) => {
    const values = fields as Readonly<Record<string, unknown>>
    for (const [key, isDeclared] of checks) if (!isDeclared(values[key])) return false
    return true
  }
}

function checkOf(declared: Declared, names: NameRegistry): (value: unknown) => boolean {
  const present = presentCheck(fieldOf(declared), names)
  return 'maybe' in declared ? (value) => value === undefined || present(value) : present
}

function presentCheck(field: Field, names: NameRegistry): (value: unknown) => boolean {
  switch (field.kind) {
    case 'oneOf': {
      const values: ReadonlySet<unknown> = new Set(field.values)
      return remembering((value) => values.has(value))
    }
    case 'flag':
      return (value) => typeof value === 'boolean'
    case 'registered':
      return remembering((value) => typeof value === 'string' && names.has(field.set, value))
    case 'duration':
    case 'size':
    case 'count':
      return (value) => typeof value === 'number' && value >= 0 && value < Infinity
    case 'identity':
      return (value) => typeof value === 'object' && value !== null && 'kind' in value
    case 'detail':
    case 'local':
      return (value) => typeof value === 'string' && value.length <= field.longest
  }
}

/** What no field can hold. */
const noneYet = Symbol('none yet')

/** Asks about a value once while it comes again and again. A member of a list stays one: lists only grow. */
function remembering(isMember: (value: unknown) => boolean): (value: unknown) => boolean {
  let member: unknown = noneYet
  return (value) => {
    if (value === member) return true
    if (!isMember(value)) return false
    member = value
    return true
  }
}
