import { Agent } from 'node:http'
import { startGateway } from '../../support/gateway.ts'
import type { RecordedCall, RecordingUpstream } from '../../support/recording-upstream.ts'
import { pipeliningClient, pooledClient } from './clients.ts'
import { createDice } from './dice.ts'
import { makeHolders, upstreamEntries, upstreamNames } from './holders.ts'
import type { UpstreamName } from './holders.ts'
import { Ledger } from './ledger.ts'
import { Plan } from './plan.ts'
import { startShufflingUpstream } from './shuffling-upstream.ts'

export interface LoadOptions {
  readonly seed: number
  readonly calls: number
  /** Where the gateway's store is; a new SQLite file when absent. */
  readonly store?: string
}

export interface LoadResult {
  /** What was wrong; empty when every call kept its identity and every client got its own answer. */
  readonly mistakes: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly holders: number
  readonly seconds: number
}

const pooledClients = 40
const pipeliningClients = 24

/** Sends `calls` requests of hundreds of principals through one gateway, mixed as the seed has it. */
export async function runLoad({ seed, calls, store }: LoadOptions): Promise<LoadResult> {
  let ledger: Ledger | null = null
  const upstreams = new Map<UpstreamName, RecordingUpstream>()
  for (const [place, name] of upstreamNames.entries()) {
    const arrived = (call: RecordedCall) => ledger?.arrived(name, call)
    upstreams.set(name, await startShufflingUpstream(createDice(seed + place), arrived))
  }
  const url = (name: UpstreamName) => upstreams.get(name)?.url ?? ''
  const urls = { code: url('code'), wiki: url('wiki'), vault: url('vault') }
  ledger = new Ledger(urls)
  // All come from one address, some with bad keys: its budget for those is not what this is about.
  const settings = { limits: { failuresPerMinute: 1_000_000 } }
  const place = store === undefined ? {} : { store }
  const gateway = await startGateway({ upstreams: upstreamEntries(urls), settings, ...place })
  const agent = new Agent({ keepAlive: true, maxSockets: 16, scheduling: 'fifo' })
  try {
    for (const upstream of upstreams.values()) upstream.trust(gateway.url)
    const holders = await makeHolders(gateway)
    const plan = new Plan(holders)
    let left = calls
    const take = (most: number) => {
      const taken = Math.min(most, left)
      left -= taken
      return taken
    }
    const partsOf = (index: number) => ({
      port: gateway.port,
      plan,
      ledger,
      take,
      dice: createDice(seed + 1000 + index),
    })
    const began = performance.now()
    await Promise.all([
      ...Array.from({ length: pooledClients }, (_, index) => pooledClient(partsOf(index), agent)),
      ...Array.from({ length: pipeliningClients }, (_, index) => pipeliningClient(partsOf(100 + index))),
    ])
    const seconds = (performance.now() - began) / 1000
    ledger.close()
    const { mistakes, counts } = ledger
    return { mistakes, counts, holders: holders.length, seconds }
  } finally {
    agent.destroy()
    await gateway.close()
    await Promise.all([...upstreams.values()].map((upstream) => upstream.close()))
  }
}

/** The figures of a run, for people. */
export function figuresOf(seed: number, { mistakes, counts, holders, seconds }: LoadResult): string {
  const rate = Math.round((counts['sent'] ?? 0) / seconds)
  const parts = Object.entries(counts).map(([what, count]) => `${what} ${count}`)
  const head = `seed ${seed}: ${mistakes.length} mistakes; ${holders} credentials; ${seconds.toFixed(1)} s, ${rate}/s`
  return `${head}; ${parts.join(', ')}`
}
