import { request as plainRequest } from 'node:http'
import { Pool } from 'undici'
import { createDice } from '../isolation/load/dice.ts'
import type { Dice } from '../isolation/load/dice.ts'
import { startChildGateway } from '../fuzz/child-gateway.ts'
import type { MemorySample } from '../fuzz/gateway-orders.ts'
import { startSoakUpstream } from './soak-upstream.ts'

export interface MixedOptions {
  readonly seconds: number
  readonly windows?: number
  readonly connections?: number
  readonly seed?: number
  readonly onWindow?: (window: MixedWindow) => void
}

export interface MixedWindow {
  readonly requests: number
  readonly perSecond: number
  /** Processor time of the gateway for one request, in milliseconds. */
  readonly cpuMs: number
  readonly p50: number
  readonly p99: number
  readonly kinds: Readonly<Record<string, number>>
  /** Answers that were not what the request deserved. */
  readonly wrong: number
  readonly memory: MemorySample
}

export interface MixedResult {
  readonly windows: readonly MixedWindow[]
  readonly complaints: readonly string[]
  readonly wrong: readonly string[]
}

const heapMb = 256

interface Tally {
  requests: number
  kinds: Record<string, number>
  times: number[]
  wrong: number
}

/** Calls, streams, sessions, refusals, big bodies and aborts at once, on a capped heap, in even windows. */
export async function runMixed(options: MixedOptions): Promise<MixedResult> {
  const { seconds, windows: parts = 3, connections = 32, seed = 1, onWindow } = options
  const upstream = await startSoakUpstream()
  const upstreams = [{ name: 'code', url: upstream.url }]
  const limits = { failuresPerMinute: 1_000_000, requestsPerMinute: 100_000_000 }
  const settings = { sessions: { idleMinutes: 1 }, limits, requests: { drainSeconds: 0 } }
  const boot = { upstreams, settings, location: null, keys: [{ name: 'good' }] }
  const gateway = await startChildGateway(boot, heapMb)
  const { port } = gateway
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections })
  const parts_ = { pool, port, key: gateway.keys['good'] ?? '' }
  const windows: MixedWindow[] = []
  const wrong: string[] = []
  let tally = newTally()
  let over = false
  const worker = async (place: number) => {
    const dice = createDice(seed + place)
    for (;;) {
      if (over || gateway.died !== null) return
      const kind = dice.pick(mix)
      const began = performance.now()
      const problem = await kind(dice, parts_).catch((error: unknown) => String(error))
      tally.times.push(performance.now() - began)
      tally.requests += 1
      tally.kinds[kind.name] = (tally.kinds[kind.name] ?? 0) + 1
      if (problem !== null) {
        tally.wrong += 1
        if (wrong.length < 20) wrong.push(`${kind.name}: ${problem}`)
      }
    }
  }
  const workers = Array.from({ length: connections }, (_, place) => worker(place))
  const passes = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
  try {
    // What is compiled and filled once belongs to no window.
    await passes(Math.min(20_000, (seconds * 1000) / 6))
    for (let part = 0; part < parts && gateway.died === null; part += 1) {
      tally = newTally()
      const { cpuMs } = await gateway.sample()
      const began = performance.now()
      await passes((seconds * 1000) / parts)
      const window = windowOf(tally, (performance.now() - began) / 1000, cpuMs, await gateway.sample())
      windows.push(window)
      onWindow?.(window)
    }
    over = true
    await Promise.all(workers)
    if (gateway.died !== null) wrong.push(gateway.died)
    return { windows, complaints: gateway.complaints, wrong }
  } finally {
    over = true
    await pool.destroy()
    await gateway.stop()
    await upstream.close()
  }
}

function newTally(): Tally {
  return { requests: 0, kinds: {}, times: [], wrong: 0 }
}

function windowOf(tally: Tally, seconds: number, cpuBefore: number, memory: MemorySample): MixedWindow {
  const { requests, kinds, times, wrong } = tally
  const cpuMs = (memory.cpuMs - cpuBefore) / requests
  const sorted = times.sort((a, b) => a - b)
  const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? 0
  return { requests, perSecond: requests / seconds, cpuMs, p50: at(0.5), p99: at(0.99), kinds, wrong, memory }
}

interface Parts {
  readonly pool: Pool
  readonly port: number
  readonly key: string
}

type Kind = (dice: Dice, parts: Parts) => Promise<string | null>

function headersOf(key: string, session?: string) {
  const plain = { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
  return session === undefined ? plain : { ...plain, 'mcp-session-id': session }
}

function bodyOf(method: string, params: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
}

async function post({ pool }: Parts, headers: Record<string, string>, body: string, wanted: number) {
  const answer = await pool.request({ path: '/mcp', method: 'POST', headers, body })
  const text = await answer.body.text()
  const { statusCode: status } = answer
  return {
    problem: status === wanted ? null : `${status}, not ${wanted}: ${text.slice(0, 200)}`,
    answer,
    text,
  }
}

const call: Kind = async (_, parts) =>
  (await post(parts, headersOf(parts.key), bodyOf('tools/call', {}), 200)).problem

const events: Kind = async (dice, parts) => {
  const count = 1 + dice.under(20)
  const { problem, text } = await post(
    parts,
    headersOf(parts.key),
    bodyOf('tools/call', { events: count }),
    200,
  )
  const got = text.split('\n\n').length - 1
  return problem ?? (got === count + 1 ? null : `${got} events, not ${count + 1}`)
}

const session: Kind = async (dice, parts) => {
  const { answer, problem } = await post(parts, headersOf(parts.key), bodyOf('initialize', {}), 200)
  if (problem !== null) return problem
  const headers = headersOf(parts.key, String(answer.headers['mcp-session-id']))
  const used = await post(parts, headers, bodyOf('tools/list', {}), 200)
  if (used.problem !== null || dice.chance(0.5)) return used.problem
  const ended = await parts.pool.request({ path: '/mcp', method: 'DELETE', headers })
  await ended.body.dump()
  return ended.statusCode === 200 ? null : `DELETE ${ended.statusCode}`
}

const refused: Kind = async (dice, parts) => {
  const [headers, body, wanted] = dice.pick([
    [{ 'content-type': 'application/json' }, bodyOf('x', {}), 401],
    [headersOf('sp_000000000000_wrong'), bodyOf('x', {}), 401],
    [headersOf(parts.key), '{"jsonrpc":', 400],
    [headersOf(parts.key, 'no-such-session'), bodyOf('x', {}), 404],
    [{ ...headersOf(parts.key), 'content-encoding': 'gzip' }, 'x', 415],
  ] as const)
  return (await post(parts, headers, body, wanted)).problem
}

const bigBody: Kind = async (dice, parts) => {
  const body = bodyOf('tools/call', { text: 'x'.repeat(100_000 + dice.under(2_000_000)) })
  return (await post(parts, headersOf(parts.key), body, 200)).problem
}

const bigAnswer: Kind = async (dice, parts) => {
  const size = 100_000 + dice.under(1_000_000)
  const { problem, text } = await post(parts, headersOf(parts.key), bodyOf('tools/call', { size }), 200)
  return problem ?? (text.length > size ? null : `${text.length} bytes, not ${size}`)
}

/** A client that leaves in the middle of its own request or of the answer. */
const aborted: Kind = (dice, { port, key }) =>
  new Promise((resolve) => {
    const early = dice.chance(0.3)
    const request = plainRequest({
      port,
      host: '127.0.0.1',
      path: '/mcp',
      method: 'POST',
      headers: headersOf(key),
    })
    request.on('error', () => resolve(null))
    request.once('response', (response) => {
      response.on('error', () => {})
      response.once('data', () => {
        request.destroy()
        resolve(null)
      })
    })
    const body = bodyOf('tools/call', { events: 1000 })
    request.setHeader('content-length', body.length)
    if (!early) return void request.end(body)
    return void request.write(body.slice(0, 20), () => request.destroy())
  })

const mix: readonly Kind[] = [
  ...Array<Kind>(50).fill(call),
  ...Array<Kind>(15).fill(events),
  ...Array<Kind>(12).fill(session),
  ...Array<Kind>(15).fill(refused),
  bigBody,
  bigAnswer,
  ...Array<Kind>(6).fill(aborted),
]
