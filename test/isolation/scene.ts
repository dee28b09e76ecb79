import type { Clock } from '../../src/lib/clock.ts'
import type { User } from '../../src/identity/user.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { startRecordingUpstream } from '../support/recording-upstream.ts'
import type { RecordingUpstream } from '../support/recording-upstream.ts'
import { openCalls } from './calls.ts'
import type { Calls } from './calls.ts'

export interface SceneOptions {
  readonly store?: string
  readonly clock?: Clock
  readonly settings?: Readonly<Record<string, unknown>>
  /** More of the upstream's entry. */
  readonly entry?: Readonly<Record<string, unknown>>
}

/** A gateway before one echoing upstream, which is the default, and a client. */
export interface Scene {
  readonly gateway: TestGateway
  readonly upstream: RecordingUpstream
  readonly calls: Calls
  /** A user named after the word, in the workspace `default`. */
  addUser(word: string): Promise<User>
  close(): Promise<void>
}

/** Boots it. Refused credentials do not run into their address's limit. */
export async function createScene({
  store,
  clock,
  settings = {},
  entry = {},
}: SceneOptions = {}): Promise<Scene> {
  const upstream = await startRecordingUpstream(clock === undefined ? {} : { now: clock.now })
  const gateway = await startGateway({
    upstreams: [{ name: 'code', url: upstream.url, ...entry }],
    settings: { limits: { failuresPerMinute: 1_000_000 }, ...settings },
    ...(store === undefined ? {} : { store }),
    ...(clock === undefined ? {} : { clock }),
  })
  upstream.trust(gateway.url)
  const calls = openCalls(gateway.port)
  return {
    gateway,
    upstream,
    calls,
    addUser: (word) => gateway.addUser(`${word}@example.com`),
    async close() {
      calls.close()
      await gateway.close()
      await upstream.close()
    },
  }
}
