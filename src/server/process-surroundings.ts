import type { LogLevel } from '../config/log-level.ts'
import { systemClock } from '../lib/clock.ts'
import { readProcessFacts, readVersion, writeToStandardError } from '../lib/process-facts.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog } from '../telemetry/log.ts'
import type { Surroundings } from './surroundings.ts'

/** The real clock, randomness, standard error and process. */
export function processSurroundings(level: LogLevel): Surroundings {
  const log = createLog(level, systemClock, writeToStandardError)
  return { clock: systemClock, random: systemRandom, log, version: readVersion(), host: readProcessFacts() }
}
