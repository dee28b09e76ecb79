import type { Finding, Leg, Revision, Scenario } from './suite.ts'

/** A scenario that is known to do worse through the gateway, and why that is so. */
export interface Exception {
  readonly leg: Leg
  readonly revision: Revision
  readonly scenario: string
  readonly reason: string
}

/** One scenario, asked directly and through the gateway. */
export interface Row {
  readonly scenario: Scenario
  readonly direct: Finding
  readonly through: Finding
  readonly exception: Exception | null
}

/** One leg on the wire of one revision. */
export interface Comparison {
  readonly leg: Leg
  readonly revision: Revision
  readonly rows: readonly Row[]
  /** What is wrong with the list of exceptions itself: entries that nothing needs. */
  readonly stale: readonly string[]
}

const nothing: Finding = { failed: ['not run: the suite has left no result'], warned: [], met: 0 }

export function compare(
  { leg, revision }: { readonly leg: Leg; readonly revision: Revision },
  scenarios: readonly Scenario[],
  { direct, through }: Readonly<Record<'direct' | 'through', ReadonlyMap<string, Finding>>>,
  exceptions: readonly Exception[],
): Comparison {
  const ours = exceptions.filter((entry) => entry.leg === leg && entry.revision === revision)
  const rows = scenarios.map((scenario) => ({
    scenario,
    direct: direct.get(scenario.name) ?? nothing,
    through: through.get(scenario.name) ?? nothing,
    exception: ours.find((entry) => entry.scenario === scenario.name) ?? null,
  }))
  const needed = new Set(rows.filter(isWorse).map(({ scenario }) => scenario.name))
  const stale = ours.filter(({ scenario }) => !needed.has(scenario)).map(({ scenario }) => scenario)
  return { leg, revision, rows, stale }
}

/** Whether a scenario loses something by the gateway: a check, or a recommendation, that is met without it. */
export function isWorse({ direct, through }: Row): boolean {
  return (
    rank(through) > rank(direct) ||
    through.failed.length > direct.failed.length ||
    through.warned.length > direct.warned.length ||
    through.met < direct.met
  )
}

function passes({ failed }: Finding): boolean {
  return failed.length === 0
}

function rank({ failed, warned }: Finding): number {
  if (failed.length > 0) return 2
  return warned.length > 0 ? 1 : 0
}

/** How many of the required scenarios pass, of how many. */
export function score({ rows }: Comparison, side: 'direct' | 'through'): string {
  const required = rows.filter(({ scenario }) => scenario.required)
  return `${required.filter((row) => passes(row[side])).length}/${required.length}`
}

/** The comparison for people: the totals, then each scenario. */
export function table(comparison: Comparison): string {
  const { leg, revision, rows } = comparison
  const lines = rows.map(({ scenario, direct, through, exception }) => {
    const cells = [
      scenario.name.padEnd(48),
      (scenario.required ? 'required' : 'unscored').padEnd(9),
      verdict(direct).padEnd(18),
      verdict(through).padEnd(18),
      exception?.reason ?? '',
    ]
    return [cells.join(' ').trimEnd(), ...[...through.failed, ...through.warned].map((line) => `    ${line}`)]
  })
  const others = rows.filter(({ scenario }) => !scenario.required)
  const unscored = (side: 'direct' | 'through') => others.filter((row) => passes(row[side])).length
  return [
    `${leg} suite, ${revision}`,
    `  required: direct ${score(comparison, 'direct')}, through the gateway ${score(comparison, 'through')}`,
    `  unscored: direct ${unscored('direct')}/${others.length}, through ${unscored('through')}/${others.length}`,
    ['scenario'.padEnd(48), 'kind'.padEnd(9), 'direct'.padEnd(18), 'through'].join(' '),
    ...lines.flat(),
    '',
  ].join('\n')
}

function verdict({ failed, warned, met }: Finding): string {
  const counts = [
    failed.length + warned.length + met === 0 ? 'skipped' : `${met} met`,
    failed.length > 0 && `${failed.length} failed`,
    warned.length > 0 && `${warned.length} warned`,
  ]
  return counts.filter((count) => count !== false).join(', ')
}
