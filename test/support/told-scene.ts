import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startEventReceiver } from './event-receiver.ts'
import type { EventReceiver } from './event-receiver.ts'
import { openToldFolder } from './told-process.ts'
import type { ToldFolder, ToldProcess } from './told-process.ts'

export const toldKinds = ['serve', 'demo', 'embedded'] as const
export type ToldKind = (typeof toldKinds)[number]
export type Variables = Readonly<Record<string, string>>

/** The URL of an upstream that nobody calls. */
export const nowhere = 'http://127.0.0.1:1/mcp'

/** Gateways in processes of their own, and the receiver they tell of their lives. */
export interface ToldScene {
  readonly receiver: EventReceiver
  readonly folder: ToldFolder
  /** Starts one that tells the receiver. `more` is laid over the options of those that have a configuration. */
  start(kind: ToldKind, more?: Readonly<Record<string, unknown>>, variables?: Variables): ToldProcess
  close(): Promise<void>
}

export async function openToldScene(): Promise<ToldScene> {
  const [receiver, folder] = await Promise.all([startEventReceiver(), openToldFolder()])
  return {
    receiver,
    folder,
    start(kind, more = {}, variables = {}) {
      if (kind === 'demo') {
        const told = { SALLYPORT_TELEMETRY_ANALYTICS_ENDPOINT: receiver.url, ...variables }
        return folder.start('command', ['demo', '--json', '--port', '0'], told)
      }
      const options = {
        store: `sqlite:${join(folder.path, 'a.db')}`,
        telemetry: { analytics: { endpoint: receiver.url } },
        upstreams: [{ name: 'code', url: nowhere, identity: 'none' }],
        requests: { drainSeconds: 1 },
        log: { level: 'silent' },
        ...more,
      }
      if (kind === 'embedded') return folder.start('embedded', [JSON.stringify(options)], variables)
      const file = join(folder.path, 'gateway.yaml')
      writeFileSync(file, JSON.stringify({ listen: { port: 0 }, ...options }))
      return folder.start('command', ['serve', '--json', '--config', file], variables)
    },
    async close() {
      await folder.close()
      await receiver.close()
    },
  }
}
