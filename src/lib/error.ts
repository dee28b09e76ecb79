/** What every failure of the product carries, whichever room raises it. */
export interface FailureFacts<Code extends string> {
  /** Stable, documented, safe to show. */
  readonly code: Code
  /** The HTTP status this failure answers with, where it reaches HTTP. */
  readonly status: number
  /** What is wrong, in words a caller may read. */
  readonly message: string
  /** How to mend it; printed by the command line as `sallyport: WHAT: HOW TO FIX`. */
  readonly fix?: string
  /** For the log only; never sent to a caller. */
  readonly detail?: string
  readonly cause?: unknown
}

/** The base of all thrown errors. Expected refusals are values, not errors: this is for what should not happen. */
export class Failure<Code extends string = string> extends Error {
  readonly code: Code
  readonly status: number
  readonly fix: string | undefined
  readonly detail: string | undefined

  constructor(facts: FailureFacts<Code>) {
    super(facts.message, facts.cause === undefined ? undefined : { cause: facts.cause })
    this.name = 'Failure'
    this.code = facts.code
    this.status = facts.status
    this.fix = facts.fix
    this.detail = facts.detail
  }

  /** A server fault's own words stay here; the caller reads a general sentence. */
  get expose(): boolean {
    return this.status < 500
  }
}
