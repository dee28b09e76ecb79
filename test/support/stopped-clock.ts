import type { Clock } from '../../src/lib/clock.ts'

/** A clock that stands still until a test moves it. */
export interface StoppedClock extends Clock {
  advance(milliseconds: number): void
}

export function stoppedClock(): StoppedClock {
  const startedAt = Date.now()
  let passed = 0
  return {
    now: () => startedAt + passed,
    monotonic: () => 1000 + passed,
    advance(milliseconds) {
      passed += milliseconds
    },
  }
}
