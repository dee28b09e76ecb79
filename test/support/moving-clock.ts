import type { Clock } from '../../src/lib/clock.ts'

/** The time of this machine, which can be put forward. */
export interface MovingClock extends Clock {
  advance(milliseconds: number): void
}

export function movingClock(): MovingClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead,
    monotonic: () => performance.now() + ahead,
    advance(milliseconds) {
      ahead += milliseconds
    },
  }
}
