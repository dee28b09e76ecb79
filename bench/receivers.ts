import type { Child } from './child.ts'
import type { Contestant } from './contestants.ts'
import { measure, warmUp } from './measure.ts'
import type { MeasureOptions, Turn } from './measure.ts'
import { markdownTable } from './report.ts'
import { spreadOf } from './statistics.ts'
import type { Spread } from './statistics.ts'

/** How the receiver of events and the collector of spans behave. */
export const manners = ['works', 'hangs', 'fails', 'refuses'] as const
export type Manner = (typeof manners)[number]

/** A port where nobody listens. */
const nobody = 'http://127.0.0.1:1'

/** Where a gateway finds a receiver of that manner. */
export function receiverUrl(listening: string, manner: Manner): string {
  return manner === 'refuses' ? nobody : `${listening}/${manner}`
}

/**
 * The same gateway with everything on before receivers that work, hang, fail or are away: what a call waits for is not
 * allowed to differ. Answers a table; differences are taken round by round against the receiver that works.
 */
export async function compareReceivers(
  load: Child,
  gateways: readonly Contestant[],
  connections: number,
  options: MeasureOptions,
): Promise<string> {
  for (const gateway of gateways) await warmUp(load, gateway, 4)
  const rounds = await measure(load, gateways, { kind: 'json', connections }, options)
  const works = rounds.get('works') ?? []
  const lines: string[][] = []
  for (const gateway of gateways) {
    const turns = rounds.get(gateway.name) ?? []
    const each = (pick: (turn: Turn) => number) => spreadOf(turns.map(pick))
    const added = (pick: (turn: Turn) => number) =>
      spreadOf(turns.map((turn, round) => pick(turn) - pick(works[round] ?? turn)))
    const dropped = await droppedBy(gateway)
    lines.push([
      gateway.name,
      String(connections),
      each(({ perSecond }) => perSecond).median.toFixed(0),
      each(({ p50 }) => p50).median.toFixed(3),
      withRange(added(({ p50 }) => p50)),
      each(({ p99 }) => p99).median.toFixed(3),
      withRange(added(({ p99 }) => p99)),
      String(dropped.get('analytics') ?? 0),
      String(dropped.get('traces') ?? 0),
    ])
  }
  return markdownTable([titles, ...lines])
}

const titles = [
  'receiver',
  'conns',
  'req/s',
  'p50 ms',
  'p50 + works',
  'p99 ms',
  'p99 + works',
  'events lost',
  'spans lost',
]

function withRange({ median, low, high }: Spread): string {
  return `${median.toFixed(3)} (${low.toFixed(3)}-${high.toFixed(3)})`
}

/** What `/metrics` says was dropped, by sink. */
async function droppedBy({ urlOf }: Contestant): Promise<ReadonlyMap<string, number>> {
  const page = await (await fetch(new URL('/metrics', urlOf('json')))).text()
  const sums = new Map<string, number>()
  for (const [, sink = '', count] of page.matchAll(
    /^sallyport_telemetry_dropped_total\{sink="(\w+)".*\} (\d+)$/gm,
  ))
    sums.set(sink, (sums.get(sink) ?? 0) + Number(count))
  return sums
}
