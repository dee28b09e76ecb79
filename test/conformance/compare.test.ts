import { describe, expect, it } from 'vitest'
import { compare, isWorse, score, table } from './compare.ts'
import type { Finding } from './suite.ts'

const leg = { leg: 'server', revision: '2026-07-28' } as const
const good: Finding = { failed: [], warned: [], met: 2 }
const bad: Finding = { failed: ['some-check: it is not met'], warned: [], met: 1 }

function compareOne(direct: Finding | null, through: Finding | null, ...excepted: string[]) {
  const findings = (finding: Finding | null) => new Map(finding === null ? [] : [['one', finding] as const])
  const sides = { direct: findings(direct), through: findings(through) }
  const exceptions = excepted.map((scenario) => ({ ...leg, scenario, reason: 'known' }))
  return compare(leg, [{ name: 'one', required: true, inSet: true }], sides, exceptions)
}

describe('a comparison of what the suite found', () => {
  it('takes what fails directly too for no loss', () => {
    expect(compareOne(bad, bad).rows.filter(isWorse)).toEqual([])
    expect(compareOne(bad, good).rows.filter(isWorse)).toEqual([])
  })

  it.each([
    ['a check that is no longer met', bad],
    [
      'a recommendation that is no longer followed',
      { failed: [], warned: ['some-check: rather not'], met: 1 },
    ],
    ['a check that is no longer made', { failed: [], warned: [], met: 1 }],
    ['a scenario that did not run', null],
  ])('sees a loss in %s', (_what, through) => {
    expect(compareOne(good, through).rows.filter(isWorse)).toHaveLength(1)
  })

  it('counts a required scenario only when nothing of it has failed', () => {
    const comparison = compareOne(good, bad)
    expect([score(comparison, 'direct'), score(comparison, 'through')]).toEqual(['1/1', '0/1'])
    expect(table(comparison)).toContain('some-check: it is not met')
  })

  it('calls an exception stale when its scenario is as good through the gateway, or is not there', () => {
    expect(compareOne(good, bad, 'one').stale).toEqual([])
    expect(compareOne(good, good, 'one').stale).toEqual(['one'])
    expect(compareOne(good, bad, 'one', 'other').stale).toEqual(['other'])
  })
})
