import type { Action } from './action.ts'
import type { LoginRules } from './login-rules.ts'
import type { Rows } from './rows.ts'
import type { Told } from './transitions.ts'

/** One thing that is done, and what the rules make of it. */
export interface Step {
  /** May reject where the product refuses. */
  run(): Promise<unknown>
  /** What becomes of login sessions; `late`: a cookie was looked up before the other step of a race, and is acted on after. */
  foresee(rules: LoginRules, late: boolean): void
  readonly told?: Partial<Told>
}

/** An action that has been played, in one step or two at once. */
export interface Turn {
  readonly action: Action
  readonly steps: readonly Step[]
  /** Whether the fault of the action came to pass. */
  readonly struck: boolean
  readonly before: Rows
  readonly after: Rows
}

/** What a sequence has come to: how often each thing was done, and how many changes a crash kept unsaid. */
export interface Played {
  readonly done: Map<string, number>
  unsaid: number
}
