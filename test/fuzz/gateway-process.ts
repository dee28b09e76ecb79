import { readdirSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomBase62 } from '../../src/lib/base62.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { issueKey } from '../../src/identity/key-lifecycle.ts'
import { serve } from '../../src/server/serve.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { configOf, operator } from '../support/gateway.ts'
import type { BootOrder, KeyOrder, MemorySample, Order, Reply } from './gateway-orders.ts'

/** The gateway in a process of its own, so that a crash is seen and its heap can be capped. Told what to do by IPC. */
interface Running {
  sessions(): Promise<number>
  stop(): Promise<void>
}

let ahead = 0
const clock: Clock = { now: () => Date.now() + ahead, monotonic: () => performance.now() + ahead }
const dayMs = 86_400_000
let running: Running | null = null

async function boot({ upstreams, settings, location, keys }: BootOrder) {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-fuzz-'))
  const store = location ?? `sqlite:${join(folder, 'gateway.db')}`
  const log = createLog('error', systemClock, (line) => process.stderr.write(line))
  const version = { version: '0.0.0-fuzz', commit: 'unknown' }
  const config = configOf({ upstreams, settings }, store)
  const serving = await serve(config, { clock, random: systemRandom, log, version })
  const own = openStore(store, { clock, random: systemRandom })
  const made: Record<string, string> = {}
  for (const order of keys) made[order.name] = await makeKey(own, order)
  running = {
    async sessions() {
      let count = 0
      for (const active of (await own.mcpSessions.countActive()).values()) count += active
      return count
    },
    async stop() {
      await own.close()
      await serving.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return { port: Number(new URL(serving.listening).port), url: serving.publicUrl, keys: made }
}

async function makeKey(store: Store, order: KeyOrder): Promise<string> {
  const { name, workspace = 'default', scopes = [], upstreams = [], state } = order
  const added = { id: `usr_${randomBase62(12, systemRandom)}`, email: `${name}@example.com` }
  const row = { ...added, workspace, role: 'user', at: clock.now() } as const
  const { user } = await store.users.add(row, operator)
  const expiresInDays = state === 'expired' ? 1 / dayMs : null
  const request = { userId: user.id, workspace, name, scopes, upstreams, expiresInDays, maxPerUser: 10 }
  const issued = await issueKey(request, operator, { apiKeys: store.apiKeys, clock, random: systemRandom })
  if (issued.outcome !== 'created') throw new Error(`the key was not made: ${issued.outcome}`)
  if (state === 'revoked') await store.apiKeys.revoke(issued.id, clock.now(), {}, operator)
  if (state === 'disabled') await store.users.setDisabled(user.id, clock.now(), clock.now(), operator)
  return issued.key
}

/** What is left after a collection: only that says whether something is kept. */
function sample(): MemorySample {
  const { user, system } = process.cpuUsage()
  const cpuMs = (user + system) / 1000
  globalThis.gc?.()
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage()
  const active = process.getActiveResourcesInfo()
  const sockets = openSockets()
  return {
    rss,
    heapUsed,
    external,
    arrayBuffers,
    sockets,
    timers: active.filter((name) => name === 'Timeout').length,
    cpuMs,
  }
}

/** Counted by the system where it tells: Node's own list leaves out what does not keep the process alive. */
function openSockets(): number {
  if (process.platform !== 'linux')
    return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
  let count = 0
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith('socket:')) count += 1
    } catch {
      // The one that was open for reading the list.
    }
  }
  return count
}

async function obey(order: Order): Promise<unknown> {
  switch (order.kind) {
    case 'boot':
      return boot(order)
    case 'sample':
      return sample()
    case 'usage':
      return process.memoryUsage()
    case 'advance':
      ahead += order.ms
      return null
    case 'sessions':
      return running?.sessions() ?? 0
    case 'stop':
      await running?.stop()
      return null
  }
}

process.on('message', ({ id, order }: { id: number; order: Order }) => {
  void obey(order).then(
    (value) => process.send?.({ id, value } satisfies Reply),
    (error: unknown) => process.send?.({ id, failed: String(error) } satisfies Reply),
  )
})
process.on('disconnect', () => process.exit())
