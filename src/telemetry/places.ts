type Part = string | undefined

interface Branch<Value> {
  value: Value | undefined
  readonly next: Map<Part, Branch<Value>>
}

/**
 * Values by up to four parts. The parts are texts that exist already, so a look-up compares them and makes nothing: one
 * key made of all of them would have to be written and hashed each time.
 */
export class Places<Value> {
  readonly #root: Branch<Value> = newBranch()
  /** The last one that was found. */
  #found: { readonly parts: readonly Part[]; readonly value: Value } | null = null

  get(a: Part): Value | undefined
  get(a: Part, b: Part): Value | undefined
  get(a: Part, b: Part, c: Part): Value | undefined
  get(a: Part, b: Part, c: Part, d: Part): Value | undefined
  get(a: Part, b?: Part, c?: Part, d?: Part): Value | undefined {
    const found = this.#found
    if (found !== null && isAt(found.parts, a, b, c, d)) return found.value
    const value = this.#root.next.get(a)?.next.get(b)?.next.get(c)?.next.get(d)?.value
    if (value !== undefined) this.#found = { parts: [a, b, c, d], value }
    return value
  }

  /** Puts a value in its place, and answers it. */
  put(value: Value, a: Part, b?: Part, c?: Part, d?: Part): Value {
    let branch = this.#root
    for (const part of [a, b, c, d]) {
      let next = branch.next.get(part)
      if (next === undefined) branch.next.set(part, (next = newBranch()))
      branch = next
    }
    branch.value = value
    return value
  }
}

function isAt(parts: readonly Part[], a: Part, b: Part, c: Part, d: Part): boolean {
  return parts[0] === a && parts[1] === b && parts[2] === c && parts[3] === d
}

function newBranch<Value>(): Branch<Value> {
  return { value: undefined, next: new Map() }
}
