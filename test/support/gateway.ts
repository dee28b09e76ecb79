import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadConfig } from '../../src/config/load.ts'
import type { Config } from '../../src/config/load.ts'
import type { Actor } from '../../src/identity/api-key-store.ts'
import { issueKey } from '../../src/identity/key-lifecycle.ts'
import type { NewKeyRequest } from '../../src/identity/key-lifecycle.ts'
import { createPasswordHashing } from '../../src/identity/password-hashing.ts'
import { setPassword } from '../../src/identity/set-password.ts'
import type { User } from '../../src/identity/user.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { randomBase62 } from '../../src/lib/base62.ts'
import type { ProcessFacts } from '../../src/lib/process-facts.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { Secret } from '../../src/lib/secret.ts'
import type { Reach } from '../../src/oauth/guarded-fetch.ts'
import { serve } from '../../src/server/serve.ts'
import type { Serving } from '../../src/server/serve.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'

export interface GatewayOptions {
  /** Entries of `upstreams`, as in the configuration file. */
  readonly upstreams: readonly Readonly<Record<string, unknown>>[]
  /** The rest of the configuration, nested as in the file. */
  readonly settings?: Readonly<Record<string, unknown>>
  /** Where the store is; a new SQLite file when absent. */
  readonly store?: string
  readonly clock?: Clock
  /** The process it believes to be in; without one there are no analytics. */
  readonly host?: ProcessFacts
  /** What a URL in a client's metadata may reach; the public internet when absent. */
  readonly reach?: Reach
}

export interface TestKey {
  readonly id: string
  /** The whole key: what a client sends. */
  readonly key: string
}

/** The real product, listening on a free loopback port. */
export interface TestGateway {
  /** Base URL without a trailing slash; also the public URL and the issuer, unless the settings say otherwise. */
  readonly url: string
  readonly port: number
  readonly serving: Serving
  /** The store's location, for a command line of another process. */
  readonly location: string
  /** Another instance on the gateway's database, as another process would have it. */
  readonly store: Store
  /** Each line the product has logged, at level `debug`. */
  readonly logged: readonly string[]
  addUser(email: string, workspace?: string): Promise<User>
  /** Makes a key as the command line does; without choices it has no scope, no limit and no end. */
  createKey(user: User, choices?: Partial<NewKeyRequest>): Promise<TestKey>
  /** Lets a user sign in by `testPassword`, at the cost of a cheap hash: what a real one costs is looked at elsewhere. */
  givePassword(user: User, password?: string): Promise<void>
  /** Stops the gateway and removes its store's file. */
  close(): Promise<void>
}

/** Who the changes are made by that a test makes itself. */
export const operator: Actor = { kind: 'admin', id: null }

/** What `givePassword` gives. */
export const testPassword = 'a horse and a staple'

/** Boots the product from a configuration, with everything real but the log's destination. */
export async function startGateway(options: GatewayOptions): Promise<TestGateway> {
  const { clock = systemClock } = options
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-gateway-'))
  const location = options.store ?? `sqlite:${join(folder, 'gateway.db')}`
  const logged: string[] = []
  const log = createLog('debug', clock, (line) => logged.push(line))
  const version = { version: '0.0.0-test', commit: 'unknown' }
  const serving = await serve(configOf(options, location), {
    clock,
    random: systemRandom,
    log,
    version,
    ...(options.host === undefined ? {} : { host: options.host }),
    ...(options.reach === undefined ? {} : { reach: options.reach }),
  })
  const store = openStore(location, { clock, random: systemRandom })
  return {
    url: serving.publicUrl,
    port: Number(new URL(serving.listening).port),
    serving,
    location,
    store,
    logged,
    async addUser(email, workspace = 'default') {
      const id = `usr_${randomBase62(12, systemRandom)}`
      const row = { id, email, workspace, role: 'user', at: clock.now() } as const
      return (await store.users.add(row, operator)).user
    },
    async createKey(user, choices = {}) {
      const plain = { workspace: 'default', name: 'test', scopes: [], upstreams: [], expiresInDays: null }
      const request = { userId: user.id, maxPerUser: 10_000, ...plain, ...choices }
      const issued = await issueKey(request, operator, {
        apiKeys: store.apiKeys,
        clock,
        random: systemRandom,
      })
      if (issued.outcome !== 'created') throw new Error(`the key was not made: ${issued.outcome}`)
      return { id: issued.id, key: issued.key }
    },
    async givePassword({ id: userId, email }, text = testPassword) {
      const cheap = { memoryCost: 64, timeCost: 1, parallelism: 1 }
      const hashing = createPasswordHashing(cheap, { random: systemRandom })
      const password = new Secret(text)
      const request = { userId, email, password, oneTime: false, keepSessionId: null }
      const set = await setPassword(request, operator, { passwords: store.passwords, hashing, clock })
      if (set.outcome !== 'set') throw new Error(`the password was not set: ${set.outcome}`)
    },
    async close() {
      await store.close()
      await serving.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** What encrypts the secrets in a test's store. */
export const testSecretsKey = 'only-for-tests-0123456789abcdef-0123456789'

/** The configuration `startGateway` serves: a free port, no waiting at the end, a fixed `secretsKey`. */
export function configOf({ upstreams, settings = {} }: GatewayOptions, store: string): Config {
  const quick = { listen: { port: 0 }, requests: { drainSeconds: 0 } }
  const secretsKey = testSecretsKey
  const source = JSON.stringify({ ...quick, store, secretsKey, ...settings, upstreams })
  const loaded = loadConfig({
    flags: new Map(),
    upstreamFlags: [],
    environment: {},
    file: { name: 'test', source },
    readSecretFile: () => '',
  })
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'))
  return loaded.config
}
