import type { Config } from '../config/load.ts'
import { requestIds } from '../lib/request-id.ts'
import { createHttpServer, drain, listen } from './http-server.ts'
import { sallyportOf } from './sallyport.ts'
import type { Surroundings } from './surroundings.ts'

/** A gateway that is listening. */
export interface Serving {
  /** Where it listens, for this machine. */
  readonly listening: string
  readonly publicUrl: string
  /** Takes over a new configuration as far as a running gateway can; answers the keys that need a restart. */
  reload(next: Config): readonly string[]
  /** Drains and stops; answers whether every request ended in time. */
  stop(): Promise<boolean>
}

/** Binds, opens the store, answers. Whatever fails, nothing is left open, and the failure says how to fix it. */
export async function serve(config: Config, surroundings: Surroundings): Promise<Serving> {
  const { settings } = config
  const sallyport = sallyportOf(config, surroundings)
  const limits = {
    maxHeaderBytes: settings['requests.maxHeaderBytes'],
    bodyTimeoutSeconds: settings['requests.bodyTimeoutSeconds'],
  }
  const server = createHttpServer(limits, sallyport.listener, requestIds(surroundings.random))
  const host = settings['listen.host']
  const port = await listen(server, host, settings['listen.port'])
  try {
    const { publicUrl } = await sallyport.start({ port })
    return {
      listening: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      publicUrl,
      reload: (next) => sallyport.reload(next),
      async stop() {
        sallyport.beginClosing()
        const inTime = await drain(server, settings['requests.drainSeconds'], () => sallyport.running())
        await sallyport.close()
        return inTime
      },
    }
  } catch (error) {
    await drain(server, 0, () => 0)
    throw error
  }
}
