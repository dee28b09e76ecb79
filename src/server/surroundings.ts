import type { Clock } from '../lib/clock.ts'
import type { ProcessFacts } from '../lib/process-facts.ts'
import type { RandomSource } from '../lib/random.ts'
import type { Reach } from '../oauth/guarded-fetch.ts'
import type { Log } from '../telemetry/log.ts'

/** What the process gives the product: made once, at the edge, and replaced in tests. */
export interface Surroundings {
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
  readonly version: { readonly version: string; readonly commit: string }
  /** The process it lives in. Without it nobody knows whether tracking was refused: no analytics then. */
  readonly host?: ProcessFacts
  /** What a URL in an OAuth client's metadata may reach; the public internet when absent. */
  readonly reach?: Reach
}
