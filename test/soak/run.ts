import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { hasPostgres, startPostgres } from '../support/postgres.ts'
import { runAbandoned } from './abandoned-sessions.ts'
import type { AbandonedResult } from './abandoned-sessions.ts'
import { runMixed } from './mixed-load.ts'
import type { MixedWindow } from './mixed-load.ts'
import { runSlowReaders } from './slow-readers.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: 'string', default: '90' },
    sessions: { type: 'string', default: '20000' },
    clients: { type: 'string', default: '200' },
  },
})

const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1).padStart(7)
const wrong: string[] = []

function check(holds: boolean, what: string): void {
  console.log(`${holds ? 'ok  ' : 'FAIL'} ${what}`)
  if (!holds) wrong.push(what)
}

async function abandoned(): Promise<void> {
  const sessions = Number(values.sessions)
  showAbandoned(
    'sqlite',
    sessions,
    await runAbandoned({ sessions, location: null, warmUp: 500, idleMinutes: 30 }),
  )
  if (!hasPostgres) return
  const cluster = await startPostgres()
  try {
    const location = await cluster.createDatabase()
    showAbandoned(
      'postgres',
      sessions,
      await runAbandoned({ sessions, location, warmUp: 500, idleMinutes: 30 }),
    )
  } finally {
    await cluster.remove()
  }
}

function showAbandoned(store: string, sessions: number, result: AbandonedResult): void {
  console.log(`\nabandoned sessions on ${store}: ${sessions} opened in ${result.openSeconds.toFixed(1)} s`)
  for (const { when, rows, upstreamSessions, upstreamSockets, memory } of result.looks) {
    const sizes = `heap ${mb(memory.heapUsed)} MB  rss ${mb(memory.rss)} MB  ${memory.sockets} sockets`
    const counts = `rows ${rows}  upstream sessions ${upstreamSessions}, sockets ${upstreamSockets}`
    console.log(`  ${when.padEnd(10)} ${counts}  ${sizes}`)
  }
  const [before, peak, after] = result.looks
  console.log(`  reclaimed in ${result.reclaimSeconds.toFixed(1)} s; ${result.deleted} DELETEs upstream`)
  if (before === undefined || peak === undefined || after === undefined) return check(false, 'three looks')
  check(peak.rows === sessions + before.rows, 'each session had its row')
  check(
    after.rows === before.rows && after.upstreamSessions === before.upstreamSessions,
    'rows and sessions are back',
  )
  // Postgres is reached through a pool, which has grown.
  const pooled = store === 'postgres' ? 10 : 0
  check(after.memory.sockets <= before.memory.sockets + pooled, 'sockets are back')
  check(after.memory.heapUsed - before.memory.heapUsed < 4 * 2 ** 20, 'the heap is back within 4 MB')
  check(result.survivorLives, 'the session whose client stayed is there')
  check(
    result.complaints.length === 0,
    `the gateway complained of nothing ${result.complaints.slice(-3).join(' ')}`,
  )
}

async function mixed(): Promise<void> {
  const seconds = Number(values.seconds)
  console.log(`\nmixed load, heap capped at 256 MB, three windows of ${(seconds / 3).toFixed(0)} s`)
  const result = await runMixed({ seconds, onWindow: showWindow })
  const rates = result.windows.map(({ perSecond }) => perSecond)
  const heaps = result.windows.map(({ memory }) => memory.heapUsed)
  const [first = 0] = heaps
  for (const line of result.wrong) console.log(`  ${line}`)
  check(result.wrong.length === 0, 'every answer was right')
  const costs = result.windows.map(({ cpuMs }) => cpuMs)
  const busy = availableParallelism() < (loadavg()[0] ?? 0)
  if (busy)
    console.log(
      '  the machine is busy with other things: what a request costs is looked at, not how many there were',
    )
  check(busy || Math.min(...rates) > 0.8 * Math.max(...rates), 'throughput is flat within 20 %')
  check(Math.max(...costs) < 1.25 * Math.min(...costs), 'processor time for a request is flat within 25 %')
  check((heaps.at(-1) ?? 0) - first < 8 * 2 ** 20, 'the heap is flat within 8 MB')
  check(
    result.complaints.length === 0,
    `the gateway complained of nothing ${result.complaints.slice(-3).join(' ')}`,
  )
}

function showWindow({ requests, perSecond, cpuMs, p50, p99, memory, kinds, wrong: bad }: MixedWindow): void {
  const { heapUsed, external, rss, sockets } = memory
  const speed = `${requests} requests  ${perSecond.toFixed(0)}/s  cpu ${cpuMs.toFixed(2)} ms each  p50 ${p50.toFixed(1)} ms  p99 ${p99.toFixed(1)} ms`
  const sizes = `heap ${mb(heapUsed)} MB  external ${mb(external)} MB  rss ${mb(rss)} MB  ${sockets} sockets`
  console.log(`  ${speed}  ${sizes}  wrong ${bad}  ${JSON.stringify(kinds)}`)
}

async function slow(): Promise<void> {
  const clients = Number(values.clients)
  const result = await runSlowReaders({ clients, bytesEach: 50 * 2 ** 20 })
  const { before, held, after, taken, offered } = result
  console.log(`\n${clients} clients that do not read 50 MB each`)
  console.log(
    `  taken from the upstream ${mb(taken)} MB of ${mb(offered)} MB: ${mb(taken / clients)} MB a client`,
  )
  for (const [when, { rss, heapUsed, external, arrayBuffers, sockets }] of Object.entries({
    before,
    held,
    after,
  }))
    console.log(
      `  ${when.padEnd(6)} rss ${mb(rss)} MB  heap ${mb(heapUsed)} MB  external ${mb(external)} MB  buffers ${mb(arrayBuffers)} MB  ${sockets} sockets`,
    )
  check(taken < offered / 4, 'most was left upstream')
  check(held.rss - before.rss < 150 * 2 ** 20, 'memory grew by less than 150 MB')
  check(held.arrayBuffers - before.arrayBuffers < 80 * 2 ** 20, 'buffers grew by less than 80 MB')
  check(result.readLate === result.expectedLate, 'a client that reads late gets all of it')
  check(result.leftOpen === 0, 'nothing is open upstream once the clients have gone')
}

const runs: Readonly<Record<string, () => Promise<void>>> = { abandoned, mixed, slow }
const chosen = positionals.length === 0 ? Object.keys(runs) : positionals
for (const name of chosen) {
  const run = runs[name]
  if (run === undefined) throw new Error(`unknown: ${name}; there are ${Object.keys(runs).join(', ')}`)
  await run()
}
process.exitCode = wrong.length === 0 ? 0 : 1
