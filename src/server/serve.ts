import type { Config } from '../config/load.ts'
import { Failure } from '../lib/error.ts'
import { requestIds } from '../lib/request-id.ts'
import { Lifecycle } from '../telemetry/lifecycle.ts'
import { acceptsOAuth, analyticsOf } from './analytics-of.ts'
import { createHttpServer, drain, listen } from './http-server.ts'
import { sallyportOf } from './sallyport.ts'
import type { Surroundings } from './surroundings.ts'

/** A gateway that is listening. */
export interface Serving {
  /** Where it listens, for this machine. */
  readonly listening: string
  readonly publicUrl: string
  /** Resolves when it can no longer accept connections; then stop it. */
  readonly broken: Promise<Failure>
  /** Takes over a new configuration as far as a running gateway can; answers the keys that need a restart. */
  reload(next: Config): readonly string[]
  /** Drains and stops; answers whether every request ended in time. */
  stop(): Promise<boolean>
}

/**
 * Binds, opens the store, answers. Whatever fails, nothing is left open, and the failure says how to fix it. Whoever
 * brings a `lifecycle` tells the failure, and may try again before.
 */
export async function serve(
  config: Config,
  surroundings: Surroundings,
  lifecycle: Lifecycle | null = null,
): Promise<Serving> {
  const { settings } = config
  const life = lifecycle ?? new Lifecycle('main', surroundings.clock)
  life.connect(() => analyticsOf(config, 'main', surroundings), acceptsOAuth(config))
  const sallyport = sallyportOf(config, surroundings, life)
  const limits = {
    maxHeaderBytes: settings['requests.maxHeaderBytes'],
    bodyTimeoutSeconds: settings['requests.bodyTimeoutSeconds'],
  }
  const server = createHttpServer(limits, sallyport.listener, {
    newRequestId: requestIds(surroundings.random),
    onUnreadable: (status) => sallyport.tellUnreadable(status),
  })
  const host = settings['listen.host']
  const port = await listen(server, host, settings['listen.port']).catch((error: unknown) => {
    if (lifecycle === null) void life.failed(error)
    throw error
  })
  try {
    const broken = new Promise<Failure>((resolve) => {
      server.on('error', (error) => {
        life.ending('transport_error')
        resolve(transportFailure(error))
      })
    })
    const { publicUrl } = await sallyport.start({ port })
    return {
      listening: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
      publicUrl,
      broken,
      reload: (next) => sallyport.reload(next),
      async stop() {
        sallyport.beginClosing()
        const inTime = await drain(server, settings['requests.drainSeconds'], () => sallyport.running())
        life.ending(inTime ? 'clean_exit' : 'drain_timeout')
        await sallyport.close()
        return inTime
      },
    }
  } catch (error) {
    await drain(server, 0, () => 0)
    throw error
  }
}

function transportFailure(cause: Error): Failure {
  const code = 'code' in cause ? String(cause.code) : 'unknown'
  return new Failure({
    code: 'transport_failed',
    status: 500,
    message: `connections can no longer be accepted (${code})`,
    fix: 'see the error code; more file descriptors (ulimit -n) help against EMFILE',
    cause,
  })
}
