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

  get(a: Part): Value | undefined
  get(a: Part, b: Part): Value | undefined
  get(a: Part, b: Part, c: Part): Value | undefined
  get(a: Part, b: Part, c: Part, d: Part): Value | undefined
  get(a: Part, b?: Part, c?: Part, d?: Part): Value | undefined {
    return this.#root.next.get(a)?.next.get(b)?.next.get(c)?.next.get(d)?.value
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

function newBranch<Value>(): Branch<Value> {
  return { value: undefined, next: new Map() }
}
