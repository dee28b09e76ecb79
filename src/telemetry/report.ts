import type { Log } from './log.ts'

/** Says once that the collector does not take something, and once that it does again. */
export function createReport(what: 'traces' | 'metrics', log: Log): (taken: boolean) => void {
  let fine = true
  return (taken) => {
    if (taken === fine) return
    fine = taken
    if (taken) log.info(`the collector takes ${what} again`)
    else log.warn(`the collector does not take ${what}`)
  }
}
