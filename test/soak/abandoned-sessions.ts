import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { once } from 'node:events'
import { Pool } from 'undici'
import { startChildGateway } from '../fuzz/child-gateway.ts'
import type { ChildGateway } from '../fuzz/child-gateway.ts'
import type { MemorySample } from '../fuzz/gateway-orders.ts'
import { until } from '../fuzz/until.ts'
import { startSoakUpstream } from './soak-upstream.ts'
import type { SoakUpstream } from './soak-upstream.ts'

export interface AbandonedOptions {
  readonly sessions: number
  /** A Postgres URL; null for a new SQLite file. */
  readonly location: string | null
  /** A round of a few sessions first, so that what is made once is there before memory is looked at. */
  readonly warmUp: number
  /** After how long a session is idle; opening them all must take less. */
  readonly idleMinutes?: number
  readonly heapMb?: number
}

/** One look at all that sessions could leave behind. */
export interface Look {
  readonly when: string
  readonly rows: number
  readonly upstreamSessions: number
  readonly upstreamSockets: number
  readonly memory: MemorySample
}

export interface AbandonedResult {
  readonly looks: readonly Look[]
  readonly deleted: number
  readonly openSeconds: number
  readonly reclaimSeconds: number
  /** Whether the one session whose client stayed is still there. */
  readonly survivorLives: boolean
  readonly complaints: readonly string[]
}

/** The sweep looks at least this often. */
const mostSweepMs = 60_000
const spareMs = 15_000

/** Opens sessions and walks away from them; past the idle time nothing of them may be left. */
export async function runAbandoned(options: AbandonedOptions): Promise<AbandonedResult> {
  const { sessions, location, warmUp, idleMinutes = 1, heapMb = 256 } = options
  const upstream = await startSoakUpstream()
  const upstreams = [{ name: 'code', url: upstream.url }]
  const requests = { drainSeconds: 0 }
  const settings = { sessions: { idleMinutes }, limits: { enabled: false }, requests }
  const boot = { upstreams, settings, location, keys: [{ name: 'good' }] }
  const gateway = await startChildGateway(boot, heapMb)
  const key = gateway.keys['good'] ?? ''
  const looks: Look[] = []
  const look = async (when: string) => {
    const { sessions: upstreamSessions, sockets: upstreamSockets } = upstream
    const rows = await gateway.sessions()
    looks.push({ when, rows, upstreamSessions, upstreamSockets, memory: await gateway.sample() })
  }
  try {
    const survivor = await openSurvivor(gateway.port, key)
    if (warmUp > 0) {
      await openAndLeave(gateway.port, key, warmUp)
      await reclaimed(gateway, upstream, idleMinutes)
    }
    await look('before')
    const began = performance.now()
    await openAndLeave(gateway.port, key, sessions)
    const openSeconds = (performance.now() - began) / 1000
    await look('abandoned')
    const left = performance.now()
    await reclaimed(gateway, upstream, idleMinutes)
    const reclaimSeconds = (performance.now() - left) / 1000
    await look('after')
    const survivorLives = (await call(gateway.port, key, survivor.session)) === 200
    survivor.socket.destroy()
    const { deleted } = upstream
    return { looks, deleted, openSeconds, reclaimSeconds, survivorLives, complaints: gateway.complaints }
  } finally {
    await gateway.stop()
    await upstream.close()
  }
}

/** Puts the clock past the idle time and waits for the sweep: only the survivor's session may be left. */
async function reclaimed(gateway: ChildGateway, upstream: SoakUpstream, idleMinutes: number): Promise<void> {
  await gateway.advance(3 * idleMinutes * 60_000)
  await until(() => upstream.sessions <= 1, 4 * mostSweepMs)
  // The gateway keeps spare connections to an upstream for some seconds.
  await until(() => upstream.sockets <= 1, spareMs)
}

const initialize = '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}'

function headersOf(key: string) {
  return { authorization: `Bearer ${key}`, 'content-type': 'application/json' }
}

/** Every fiftieth client also listens for events before it goes. */
async function openAndLeave(port: number, key: string, count: number): Promise<void> {
  const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 32 })
  let left = count
  const headers = headersOf(key)
  const client = async () => {
    while (left > 0) {
      left -= 1
      const listens = left % 50 === 0
      const answer = await pool.request({ path: '/mcp', method: 'POST', headers, body: initialize })
      await answer.body.dump()
      if (answer.statusCode !== 200) throw new Error(`initialize was answered ${answer.statusCode}`)
      const session = String(answer.headers['mcp-session-id'])
      if (listens) (await listen(port, key, session)).resetAndDestroy()
    }
  }
  await Promise.all(Array.from({ length: 32 }, client))
  await pool.destroy()
}

async function openSurvivor(port: number, key: string): Promise<{ session: string; socket: Socket }> {
  const url = `http://127.0.0.1:${port}/mcp`
  const answer = await fetch(url, { method: 'POST', headers: headersOf(key), body: initialize })
  await answer.text()
  const session = answer.headers.get('mcp-session-id') ?? ''
  return { session, socket: await listen(port, key, session) }
}

/** Opens the event stream of a session; answers once it has begun. */
async function listen(port: number, key: string, session: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  const fields = `Authorization: Bearer ${key}\r\nMcp-Session-Id: ${session}`
  socket.write(`GET /mcp HTTP/1.1\r\nHost: localhost\r\n${fields}\r\n\r\n`)
  await once(socket, 'data')
  return socket
}

async function call(port: number, key: string, session: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/mcp`, {
    method: 'POST',
    headers: { ...headersOf(key), 'mcp-session-id': session },
    body: '{"jsonrpc":"2.0","id":2,"method":"tools/list","params":{}}',
  })
  await answer.text()
  return answer.status
}
