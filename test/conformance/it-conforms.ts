import { beforeAll, expect, it } from 'vitest'
import { isWorse, score, table } from './compare.ts'
import type { Comparison } from './compare.ts'

/** Declares what has to be so of one leg and revision; prints the whole comparison. */
export function itConforms(required: string, run: () => Promise<Comparison>): void {
  let comparison: Comparison

  beforeAll(async () => {
    comparison = await run()
    console.log(table(comparison))
  }, 170_000)

  it('passes every required scenario, with the gateway and without it', () => {
    expect(score(comparison, 'direct')).toBe(required)
    expect(score(comparison, 'through')).toBe(required)
  })

  it('loses nothing by the gateway in any scenario, but for what the exceptions name', () => {
    const worse = comparison.rows.filter((row) => isWorse(row) && row.exception === null)
    expect(
      worse.map(({ scenario, through }) => [scenario.name, ...through.failed, ...through.warned]),
    ).toEqual([])
  })

  it('needs every exception that is listed', () => {
    expect(comparison.stale).toEqual([])
  })
}
