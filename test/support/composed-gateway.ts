import { once } from 'node:events'
import { createServer } from 'node:http'
import { randomBase62 } from '../../src/lib/base62.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { issueKey } from '../../src/identity/key-lifecycle.ts'
import { compose } from '../../src/server/compose.ts'
import type { Composed } from '../../src/server/compose.ts'
import { openConfiguredStore } from '../../src/server/opened-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { configOf, operator } from './gateway.ts'
import type { GatewayOptions } from './gateway.ts'

/** The product as its composition root makes it, so that a test can also have its background work done. */
export interface ComposedGateway {
  readonly url: string
  readonly port: number
  readonly composed: Composed
  /** The gateway's own store. */
  readonly store: Store
  /** A user of the workspace `default` with a key. */
  addCaller(word: string): Promise<Caller>
  addKey(userId: string): Promise<{ id: string; key: string }>
  close(): Promise<void>
}

export interface Caller {
  readonly sub: string
  readonly key: string
}

export interface ComposedOptions extends GatewayOptions {
  readonly store: string
  readonly clock: Clock
  /** In place of `settings`, where they name the gateway's own URL. */
  readonly settingsAt?: (url: string) => Promise<Readonly<Record<string, unknown>>>
}

/** Boots it on a free loopback port and the given store. */
export async function startComposed(options: ComposedOptions): Promise<ComposedGateway> {
  const { clock, reach } = options
  const log = createLog('silent', clock, () => {})
  const version = { version: '0', commit: 'unknown' }
  const surroundings = {
    clock,
    random: systemRandom,
    log,
    version,
    ...(reach === undefined ? {} : { reach }),
  }
  const parts: { composed: Composed | null } = { composed: null }
  const server = createServer((request, response) => parts.composed?.listener(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const url = `http://127.0.0.1:${port}`
  const settings = (await options.settingsAt?.(url)) ?? options.settings ?? {}
  const config = configOf({ ...options, settings }, options.store)
  const opened = await openConfiguredStore(config.settings, surroundings)
  const { store } = opened
  const composed = await compose(config, { publicUrl: new URL(url), loopback: true }, opened, surroundings)
  parts.composed = composed

  const addKey = async (userId: string) => {
    const choices = { workspace: 'default', name: 'test', scopes: [], upstreams: [], expiresInDays: null }
    const issued = await issueKey({ userId, maxPerUser: 100, ...choices }, operator, {
      apiKeys: store.apiKeys,
      clock,
      random: systemRandom,
    })
    if (issued.outcome !== 'created') throw new Error(issued.outcome)
    return { id: issued.id, key: issued.key }
  }
  return {
    url,
    port,
    composed,
    store,
    addKey,
    async addCaller(word) {
      const id = `usr_${randomBase62(12, systemRandom)}`
      const row = { email: `${word}@example.com`, workspace: 'default', role: 'user' } as const
      await store.users.add({ id, ...row, at: clock.now() }, operator)
      return { sub: id, key: (await addKey(id)).key }
    },
    async close() {
      composed.beginClosing()
      server.close()
      server.closeAllConnections()
      await composed.close()
    },
  }
}
