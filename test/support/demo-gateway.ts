import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DemoUser } from '../../src/cli/demo-users.ts'
import { startDemo } from '../../src/cli/start-demo.ts'
import { issueKey } from '../../src/identity/key-lifecycle.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { systemRandom } from '../../src/lib/random.ts'
import { openStore } from '../../src/storage/open-store.ts'
import type { Store } from '../../src/storage/open-store.ts'
import { createLog } from '../../src/telemetry/log.ts'

/** The real gateway before the sample upstream, on free ports and with a store of its own. */
export interface DemoGateway {
  readonly url: string
  readonly upstreamUrl: string
  readonly store: Store
  readonly ada: DemoUser
  readonly grace: DemoUser
  /** Another key of the user's. */
  readonly extraKey: (user: DemoUser) => Promise<string>
  /** Everything logged so far, line by line. */
  readonly lines: readonly string[]
  /** Resolves with the first line, from `after` on, that contains the text. */
  readonly logged: (text: string, after: number) => Promise<string>
  close(): Promise<void>
}

/** Starts both in this process, with the two users of the demo. */
export async function startDemoGateway(): Promise<DemoGateway> {
  const ends = new AsyncDisposableStack()
  const { lines, logged, write } = collectLines()
  const log = createLog('info', systemClock, write)
  const version = { version: '0.0.0', commit: 'test' }
  const surroundings = { clock: systemClock, random: systemRandom, log, version }
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-clients-'))
  ends.defer(() => rm(folder, { recursive: true, force: true }))
  const demo = await startDemo({ workingFolder: folder, port: '0' }, surroundings)
  ends.defer(() => demo.stop())
  const store = openStore(`sqlite:${demo.storeFile}`, surroundings)
  ends.defer(() => store.close())
  const { gateway, upstream: upstreamUrl, users } = demo
  const [ada, grace] = users
  const extraKey = async ({ id: userId, workspace }: DemoUser) => {
    const request = { userId, workspace, name: 'extra', scopes: [], upstreams: [], expiresInDays: 1 }
    const actor = { kind: 'admin', id: null } as const
    const parts = { apiKeys: store.apiKeys, ...surroundings }
    const issued = await issueKey({ ...request, maxPerUser: 99 }, actor, parts)
    if (issued.outcome !== 'created') throw new Error(issued.outcome)
    return issued.key
  }
  const close = () => ends.disposeAsync()
  return { url: `${gateway}/mcp`, upstreamUrl, store, ada, grace, extraKey, lines, logged, close }
}

function collectLines() {
  const lines: string[] = []
  const waiting = new Set<() => void>()
  return {
    lines,
    write(line: string) {
      lines.push(line)
      for (const look of waiting) look()
    },
    logged: (text: string, after: number) =>
      new Promise<string>((resolve) => {
        const look = () => {
          const line = lines.slice(after).find((one) => one.includes(text))
          if (line === undefined) return
          waiting.delete(look)
          resolve(line)
        }
        waiting.add(look)
        look()
      }),
  }
}
