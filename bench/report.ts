import type { Rounds, Scenario, Turn } from './measure.ts'
import { spreadOf } from './statistics.ts'
import type { Spread } from './statistics.ts'

/** One contestant in one scenario. Ratios and differences are taken round by round, then summarised. */
export interface Row {
  readonly scenario: Scenario
  readonly contestant: string
  readonly perSecond: Spread
  readonly cpuMicros: Spread
  readonly p50: Spread
  readonly p99: Spread
  /** Against the bare relay in the same round; of throughput, and of processor time turned over (more is better). */
  readonly throughputRatio: Spread
  readonly cpuRatio: Spread
  /** Milliseconds at the median, over no relay at all and over the bare relay. */
  readonly addedOverDirect: Spread
  readonly addedOverRelay: Spread
}

export function rowsOf(scenario: Scenario, rounds: Rounds): Row[] {
  const direct = rounds.get('direct') ?? []
  const relay = rounds.get('relay') ?? []
  return Array.from(rounds, ([contestant, turns]) => {
    const each = (pick: (turn: Turn) => number) => spreadOf(turns.map(pick))
    const paired = (others: readonly Turn[], combine: (own: Turn, other: Turn) => number) =>
      spreadOf(
        turns.flatMap((own, round) => {
          const other = others[round]
          return other === undefined ? [] : [combine(own, other)]
        }),
      )
    return {
      scenario,
      contestant,
      perSecond: each(({ perSecond }) => perSecond),
      cpuMicros: each(({ cpuMicros }) => cpuMicros),
      p50: each(({ p50 }) => p50),
      p99: each(({ p99 }) => p99),
      throughputRatio: paired(relay, (own, other) => own.perSecond / other.perSecond),
      cpuRatio: paired(relay, (own, other) => other.cpuMicros / own.cpuMicros),
      addedOverDirect: paired(direct, (own, other) => own.p50 - other.p50),
      addedOverRelay: paired(relay, (own, other) => own.p50 - other.p50),
    }
  })
}

const columns: readonly (readonly [string, (row: Row) => string])[] = [
  ['answer', ({ scenario }) => scenario.kind],
  ['conns', ({ scenario }) => String(scenario.connections)],
  ['', ({ contestant }) => contestant],
  ['req/s', ({ perSecond }) => perSecond.median.toFixed(0)],
  ['/relay', ({ throughputRatio }) => withRange(throughputRatio, 2)],
  ['CPU us/req', ({ cpuMicros }) => withRange(cpuMicros, 1)],
  ['relay CPU/own', ({ cpuRatio }) => withRange(cpuRatio, 2)],
  ['p50 ms', ({ p50 }) => p50.median.toFixed(3)],
  ['p99 ms', ({ p99 }) => p99.median.toFixed(3)],
  ['p50 + direct', ({ addedOverDirect }) => addedOverDirect.median.toFixed(3)],
  ['p50 + relay', ({ addedOverRelay }) => addedOverRelay.median.toFixed(3)],
]

function withRange({ median, low, high }: Spread, digits: number): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}-${high.toFixed(digits)})`
}

/** A Markdown table, in columns for the eye. */
export function tableOf(rows: readonly Row[]): string {
  return markdownTable([
    columns.map(([title]) => title),
    ...rows.map((row) => columns.map(([, show]) => show(row))),
  ])
}

/** A Markdown table, the first line of which are its titles. */
export function markdownTable(cells: readonly (readonly string[])[]): string {
  const [titles = [], ...body] = cells
  const widths = titles.map((_, place) => Math.max(3, ...cells.map((line) => line[place]?.length ?? 0)))
  const lineOf = (line: readonly string[]) =>
    `| ${line.map((cell, place) => cell.padEnd(widths[place] ?? 0)).join(' | ')} |`
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`
  return [lineOf(titles), rule, ...body.map(lineOf)].join('\n')
}

/** What telemetry costs: throughput and processor time against the gateway with none, round by round. */
export function telemetryShare({ kind, connections }: Scenario, rounds: Rounds): string[] {
  const none = rounds.get('telemetry-none')
  if (none === undefined) return []
  return [
    ['default', 'sqlite'],
    ['all', 'telemetry-all'],
  ].map(([what = '', contestant = '']) => {
    const turns = rounds.get(contestant) ?? []
    const against = (combine: (own: Turn, other: Turn) => number) =>
      withRange(spreadOf(turns.map((own, round) => combine(own, none[round] ?? own))), 3)
    const throughput = against((own, other) => own.perSecond / other.perSecond)
    const processor = against((own, other) => other.cpuMicros / own.cpuMicros)
    return `${kind}-${connections}, telemetry ${what} against none: throughput ${throughput}, CPU none/own ${processor}`
  })
}
