import fc from 'fast-check'
import { openDatabase } from '../../src/storage/database.ts'
import { anyAction } from './any-action.ts'
import { play } from './play.ts'
import { clearRows } from './rows.ts'
import { openWorld } from './world.ts'

export interface DriftOptions {
  /** A migrated database of the test's own. */
  readonly location: string
  readonly sequences: number
  readonly seed: number
  /** Most actions in one sequence. */
  readonly longest: number
  /** Plays again what failed, as the failure names it. */
  readonly path?: string
  /** Called after each sequence that held. */
  readonly onSequence?: (sequences: number, steps: number) => void
}

export interface DriftResult {
  /** How often each thing was done. */
  readonly done: ReadonlyMap<string, number>
  readonly steps: number
  /** Changes that a crash kept unsaid. */
  readonly unsaid: number
  /** The shortest sequence that fails, and why; null when none does. */
  readonly failure: { readonly path: string; readonly seed: number; readonly report: string } | null
}

/** Plays random sequences, each on an empty database, and shortens the first one after which something has drifted. */
export async function runDrift({
  location,
  sequences,
  seed,
  longest,
  path,
  onSequence,
}: DriftOptions): Promise<DriftResult> {
  const database = openDatabase(location)
  const done = new Map<string, number>()
  const sums = { played: 0, steps: 0, unsaid: 0 }
  const property = fc.asyncProperty(
    fc.array(anyAction, { minLength: 1, maxLength: longest, size: 'max' }),
    async (actions) => {
      await clearRows(database)
      const world = await openWorld(location, seed)
      try {
        const played = await play(actions, world, database)
        for (const [type, count] of played.done) {
          done.set(type, (done.get(type) ?? 0) + count)
          sums.steps += count
        }
        sums.unsaid += played.unsaid
        sums.played += 1
        onSequence?.(sums.played, sums.steps)
      } finally {
        await world.close()
      }
    },
  )
  try {
    const { counterexamplePath, counterexample, errorInstance } = await fc.check(property, {
      seed,
      numRuns: sequences,
      ...(path === undefined ? {} : { path }),
    })
    const { steps, unsaid } = sums
    if (counterexample === null) return { done, steps, unsaid, failure: null }
    const why = errorInstance instanceof Error ? (errorInstance.stack ?? errorInstance.message) : 'unknown'
    const report = `${counterexample[0].map((action) => JSON.stringify(action)).join('\n')}\n${why}`
    return { done, steps, unsaid, failure: { path: counterexamplePath ?? '', seed, report } }
  } finally {
    await database.close()
  }
}
