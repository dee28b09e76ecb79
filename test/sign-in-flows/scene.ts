import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startSampleUpstream } from '../../src/cli/sample-upstream/start.ts'
import type { Clock } from '../../src/lib/clock.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import type { Reach } from '../../src/oauth/guarded-fetch.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { startGateway } from '../support/gateway.ts'
import type { TestGateway } from '../support/gateway.ts'
import { meet } from '../support/person.ts'
import type { Person } from '../support/person.ts'

export interface SceneOptions {
  readonly settings?: Readonly<Record<string, unknown>>
  /** More of the entry of the upstream `notes`. */
  readonly entry?: Readonly<Record<string, unknown>>
  readonly store?: string
  readonly clock?: Clock
  readonly reach?: Reach
}

/** The product before the sample upstream, which believes nobody but the gateway. */
export interface Scene {
  readonly gateway: TestGateway
  /** The MCP endpoint. */
  readonly mcp: string
  /** Somebody who can sign in, at a browser that nobody has used. */
  meet(word: string, workspaces?: readonly [string, ...string[]]): Promise<Person & { readonly userId: string }>
  close(): Promise<void>
}

export async function startScene(options: SceneOptions = {}): Promise<Scene> {
  const { clock = systemClock, settings = {}, entry = {}, store, reach } = options
  const ends = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-sign-in-'))
  ends.defer(() => rm(folder, { recursive: true, force: true }))
  let issuer = ''
  const log = createLog('error', clock, (line) => process.stderr.write(line))
  const upstream = await startSampleUpstream(
    { issuer: () => issuer, notesFile: join(folder, 'notes.db') },
    { clock, random: systemRandom, log },
  )
  ends.defer(() => upstream.close())
  const gateway = await startGateway({
    upstreams: [{ name: 'notes', url: upstream.url, default: true, ...entry }],
    settings,
    clock,
    ...(store === undefined ? {} : { store }),
    ...(reach === undefined ? {} : { reach }),
  })
  ends.defer(() => gateway.close())
  issuer = gateway.url
  return {
    gateway,
    mcp: `${gateway.url}/mcp`,
    meet: (word, workspaces) => meet(gateway, `${word}@example.com`, workspaces),
    close: () => ends.disposeAsync(),
  }
}
