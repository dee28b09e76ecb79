import type { Registered } from './field.ts'

const cap = 1000

/** Names learnt at run time, each set capped: past the cap, and for anything unknown, the answer is `other`. */
export class NameRegistry {
  readonly #sets = new Map<string, Set<string>>()

  /** Declares a name. The one maker of `Registered` values. */
  register<SetName extends string>(set: SetName, name: string): Registered<SetName> {
    let names = this.#sets.get(set)
    if (names === undefined) {
      names = new Set(['other'])
      this.#sets.set(set, names)
    }
    if (!names.has(name)) {
      if (names.size >= cap) return 'other' as Registered<SetName>
      names.add(name)
    }
    return name as Registered<SetName>
  }

  has(set: string, name: string): boolean {
    return this.#sets.get(set)?.has(name) ?? false
  }
}
