import { startBrokenUpstream } from './broken-upstream.ts'
import { CanaryWatch } from './canary.ts'
import { startCanaryUpstream } from './canary-upstream.ts'
import { startChildGateway } from './child-gateway.ts'
import type { MemorySample } from './gateway-orders.ts'
import type { Cast } from './good-requests.ts'
import { judge } from './judge.ts'
import { planCase } from './plan-case.ts'
import { playCase } from './play-case.ts'
import { written } from './request.ts'
import { until } from './until.ts'
import { createDice } from '../isolation/load/dice.ts'

export interface FuzzOptions {
  readonly seed: number
  /** The first index, and how many cases from there. */
  readonly from?: number
  readonly cases: number
  readonly connections?: number
  readonly heapMb?: number
  /** Where the store is; a new SQLite file when absent. */
  readonly location?: string | null
  /** Even parts of the run, after each of which memory is looked at. */
  readonly windows?: number
  readonly onWindow?: (window: FuzzWindow) => void
  /** Ends the run early, after so many seconds. */
  readonly seconds?: number
}

export interface FuzzWindow {
  readonly cases: number
  readonly perSecond: number
  readonly memory: MemorySample
}

export interface FuzzProblem {
  readonly index: number
  readonly problems: readonly string[]
}

export interface FuzzResult {
  readonly cases: number
  readonly seconds: number
  readonly failures: readonly FuzzProblem[]
  /** Answers by status; `none` where there was none. */
  readonly statuses: Readonly<Record<string, number>>
  readonly reached: number
  readonly windows: readonly FuzzWindow[]
  /** Bytes of connections that are still open once every case is over; upstream requests nobody waits for. */
  readonly left: { readonly sockets: number; readonly upstream: number }
  readonly complaints: readonly string[]
}

const maxBodyBytes = 65_536
const mostFailures = 20

const keys = [
  { name: 'good' },
  { name: 'narrow', upstreams: ['open'] },
  { name: 'revoked', state: 'revoked' },
  { name: 'expired', state: 'expired' },
  { name: 'disabled', state: 'disabled' },
] as const

/** The gateway in its own process, before upstreams that report what they see. */
async function startWorld(heapMb: number, location: string | null) {
  const watch = new CanaryWatch()
  const upstream = (name: string, assertion: boolean, guarded: boolean) =>
    startCanaryUpstream({ name, watch, assertion, guarded })
  const code = await upstream('code', true, true)
  const scoped = await upstream('scoped', true, true)
  const walled = await upstream('walled', true, true)
  const own = await upstream('own', false, true)
  const open = await upstream('open', false, false)
  const broken = await startBrokenUpstream()
  const upstreams = [
    { name: 'code', url: code.url, default: true },
    { name: 'scoped', url: scoped.url, scopes: ['scoped:use'] },
    { name: 'walled', url: walled.url, workspaces: ['another'] },
    { name: 'own', url: own.url, identity: 'forward-key', keyPrefix: 'ci_' },
    { name: 'open', url: open.url, auth: 'optional', identity: 'none' },
    { name: 'broken', url: broken.url, identity: 'none', timeoutSeconds: 1 },
  ]
  const limits = {
    requestsPerMinute: 100_000_000,
    failuresPerMinute: 1_000_000,
    anonymousPerMinute: 100_000_000,
  }
  const requests = { drainSeconds: 0, maxBodyBytes, bodyTimeoutSeconds: 3 }
  // One address sends all the bad keys: its budget is not what this is about.
  const settings = { limits: { ...limits, enabled: false }, requests, sessions: { idleMinutes: 1 } }
  const gateway = await startChildGateway({ upstreams, settings, location, keys }, heapMb)
  const all = [code, scoped, walled, own, open]
  return {
    watch,
    gateway,
    open: () => all.reduce((sum, one) => sum + one.open, 0),
    async close() {
      await gateway.stop()
      await Promise.all([...all, broken].map((one) => one.close()))
    },
  }
}

/** Plays cases until all are through, the time is up or too much is wrong. */
export async function runFuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, cases, from = 0, connections = 48, heapMb = 256, windows: parts = 1 } = options
  const world = await startWorld(heapMb, options.location ?? null)
  const { gateway, watch } = world
  const cast: Cast = {
    keys: { ...gateway.keys, unknown: forgedFrom(gateway.keys['good'] ?? '') },
    maxBodyBytes,
  }
  const failures: FuzzProblem[] = []
  const statuses: Record<string, number> = {}
  const windows: FuzzWindow[] = []
  const began = performance.now()
  let next = from
  let done = 0
  let windowAt = began
  let windowCases = 0
  const isOver = () =>
    failures.length >= mostFailures ||
    gateway.died !== null ||
    (options.seconds !== undefined && performance.now() - began > options.seconds * 1000)

  const one = async (index: number) => {
    const plan = planCase(seed, index, cast)
    for (const canary of plan.forbidden) watch.forbid(canary)
    try {
      const played = await playCase(plan, gateway.port)
      for (const { status } of played.answers) statuses[status] = (statuses[status] ?? 0) + 1
      if (played.reset) statuses['reset'] = (statuses['reset'] ?? 0) + 1
      if (played.answers.length === 0) statuses['none'] = (statuses['none'] ?? 0) + 1
      const problems = judge(plan, played)
      if (index % 50 === 0) problems.push(...(await probe(gateway.port, cast, index)))
      if (problems.length > 0) failures.push({ index, problems })
    } catch (error) {
      failures.push({ index, problems: [`the gateway could not be reached: ${String(error)}`] })
    }
    for (const mistake of watch.mistakes.splice(0)) failures.push({ index, problems: [mistake] })
    done += 1
  }
  const look = async () => {
    const now = performance.now()
    const perSecond = (windowCases * 1000) / (now - windowAt)
    const window = { cases: done, perSecond, memory: await gateway.sample() }
    windows.push(window)
    options.onWindow?.(window)
    windowAt = performance.now()
    windowCases = 0
  }
  const worker = async () => {
    while (next < from + cases && !isOver()) {
      const index = next
      next += 1
      await one(index)
      windowCases += 1
      if (done % Math.ceil(cases / parts) === 0 && gateway.died === null) await look()
    }
  }
  await Promise.all(Array.from({ length: connections }, worker))
  const seconds = (performance.now() - began) / 1000
  if (gateway.died !== null)
    failures.push({ index: next, problems: [gateway.died, ...gateway.complaints.slice(-30)] })
  // What clients have just broken off, the gateway still has to break off upstream.
  await until(() => world.open() === 0, 5000)
  const { sockets } = gateway.died === null ? await gateway.sample() : { sockets: 0 }
  const left = { sockets, upstream: world.open() }
  await world.close()
  const { complaints } = gateway
  return { cases: done, seconds, failures, statuses, reached: watch.arrived, windows, left, complaints }
}

/** A plain good call on a fresh connection: whatever came before it, it is answered. */
async function probe(port: number, cast: Cast, index: number): Promise<string[]> {
  const dice = createDice(index)
  const fields = [
    ['Authorization', `Bearer ${cast.keys['good']}`],
    ['Content-Type', 'application/json'],
  ] as const
  const body = Buffer.from('{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{}}')
  const bytes = written({ method: 'POST', target: '/mcp', fields, body, chunked: false }, dice)
  const expected = { statuses: [200], reason: null, echo: '"id":7' }
  const pieces = [{ name: 'the next good call', bytes, head: false, expected }]
  const rest = {
    tail: Buffer.alloc(0),
    inTurn: true,
    writes: [100_000],
    forbidden: [],
    broken: false,
  } as const
  const plan = { index, ending: 'wait', pieces, ...rest } as const
  return judge(plan, await playCase(plan, port))
}

/** A key of the right shape whose secret is another's. */
function forgedFrom(key: string): string {
  return key.replace(/^sp_.{12}/, `sp_${'0'.repeat(12)}`)
}
