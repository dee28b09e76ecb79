import type { Child } from './child.ts'
import { cpuOf } from './contestants.ts'
import type { Contestant } from './contestants.ts'
import type { AnswerKind } from './exchange.ts'
import type { LoadOrder, LoadResult } from './messages.ts'

export interface Scenario {
  readonly kind: AnswerKind
  readonly connections: number
}

/** One contestant's turn in one round. */
export interface Turn {
  readonly perSecond: number
  /** Processor time of the contestant's own process, per request, in microseconds. */
  readonly cpuMicros: number
  /** In milliseconds. */
  readonly p50: number
  readonly p99: number
}

/** The turns of each contestant, by its name; the same place in two lists is the same round. */
export type Rounds = ReadonlyMap<string, readonly Turn[]>

export interface MeasureOptions {
  readonly rounds: number
  readonly seconds: number
  /** Before each turn, unmeasured. */
  readonly settleSeconds: number
}

/** Lets one contestant run where it is busiest, unmeasured. */
export async function warmUp(load: Child, { urlOf, fields }: Contestant, seconds: number): Promise<void> {
  await load.ask({ url: urlOf('json'), fields, connections: 32, seconds } satisfies LoadOrder)
}

/**
 * Lets the contestants take turns, round by round, in an order that reverses each time, so that whatever else the
 * machine does meets all of them alike. Throws when any answer is wrong: a fast wrong answer is no result.
 */
export async function measure(
  load: Child,
  contestants: readonly Contestant[],
  { kind, connections }: Scenario,
  { rounds, seconds, settleSeconds }: MeasureOptions,
): Promise<Rounds> {
  const turn = async (contestant: Contestant): Promise<Turn> => {
    const fields = contestant.fieldsOf?.(kind) ?? contestant.fields
    const order: LoadOrder = { url: contestant.urlOf(kind), fields, connections, seconds }
    // V8 gives back the memory of a process that has nothing to do; under load it has it, so it gets it back unmeasured.
    await load.ask({ ...order, seconds: settleSeconds })
    const before = await cpuOf(contestant)
    const result = (await load.ask(order)) as LoadResult
    const used = (await cpuOf(contestant)) - before
    if (result.wrong > 0 || result.requests === 0)
      throw new Error(`${contestant.name}: ${result.wrong} of ${result.requests} answers are wrong`)
    const { requests, p50, p99 } = result
    return { perSecond: requests / result.seconds, cpuMicros: used / requests, p50, p99 }
  }

  const taken = new Map<string, Turn[]>(contestants.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round += 1) {
    const order = round % 2 === 0 ? contestants : contestants.toReversed()
    for (const contestant of order) taken.get(contestant.name)?.push(await turn(contestant))
  }
  return taken
}
