import type { Registered } from './field.ts'

const cap = 1000

/** Names learnt at run time, each set capped: past the cap, and for anything unknown, the answer is `other`. */
export class NameRegistry {
  readonly #sets = new Map<string, Set<string>>()

  /** Declares a name that we or the operator chose. */
  register<SetName extends string>(set: SetName, name: string): Registered<SetName> {
    const names = this.#names(set)
    if (!names.has(name)) {
      if (names.size >= cap) return 'other' as Registered<SetName>
      names.add(name)
    }
    return name as Registered<SetName>
  }

  /** The name when it is a member; `other` for anything else, such as text a client sent. */
  member<SetName extends string>(set: SetName, name: string): Registered<SetName> {
    return (this.has(set, name) ? name : 'other') as Registered<SetName>
  }

  has(set: string, name: string): boolean {
    return this.#names(set).has(name)
  }

  #names(set: string): Set<string> {
    let names = this.#sets.get(set)
    if (names === undefined) {
      names = new Set(['other'])
      this.#sets.set(set, names)
    }
    return names
  }
}
