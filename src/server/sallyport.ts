import type { IncomingMessage, ServerResponse } from 'node:http'
import { isLoopbackHost } from '../config/address.ts'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { configFailureCode, tolerantSettings } from '../config/tolerant.ts'
import { Failure } from '../lib/error.ts'
import { Lifecycle } from '../telemetry/lifecycle.ts'
import { acceptsOAuth, analyticsAfterRefusal, analyticsOf, startedFacts } from './analytics-of.ts'
import { compose } from './compose.ts'
import type { Composed } from './compose.ts'
import { openConfiguredStore } from './opened-store.ts'
import type { Surroundings } from './surroundings.ts'
import { processSurroundings } from './process-surroundings.ts'

/** The product inside somebody's own Node server. */
export interface Sallyport {
  /** Hand every request to it: `http.createServer(sallyport.listener)`. Answers 503 before `start` and after `close`. */
  readonly listener: (request: IncomingMessage, response: ServerResponse) => void
  /**
   * Opens the store and makes the product answer. `port` is the port you listen on, for the default publicUrl.
   * Rejects with a `Failure` that says how to fix what is wrong.
   */
  start(placement?: { port?: number }): Promise<{ publicUrl: string }>
  /** Takes over a new configuration as far as a running gateway can; answers the keys that need a restart. */
  reload(next: Config): readonly string[]
  /** How many requests have begun and not ended. */
  running(): number
  /** From now on `/readyz` says no and idle event streams end; call before you stop listening. */
  beginClosing(): void
  /** Ends jobs, upstream connections and the store. Safe to call twice. */
  close(): Promise<void>
}

/** What our own server needs besides: only it sees what its parser turns away. */
export interface ServedSallyport extends Sallyport {
  /** States that something was answered which no listener ever saw. */
  tellUnreadable(status: number): void
}

/** The configuration keys of `docs/reference/configuration.md`, nested as in the file. */
export type SallyportOptions = Readonly<Record<string, unknown>>

/**
 * Makes a gateway from options of the same names and rules as the configuration file. No process handlers are
 * installed, and no variables are read but those that refuse tracking or tell where it runs. Throws a `Failure` that
 * lists everything wrong with the options.
 */
export function createSallyport(options: SallyportOptions): Sallyport {
  const sources = {
    flags: new Map<string, string>(),
    upstreamFlags: [],
    environment: {},
    file: { name: 'options', source: JSON.stringify(options) },
    readSecretFile: () => '',
  }
  const loaded = loadConfig(sources)
  if ('problems' in loaded) {
    const message = `the options cannot be used:\n${loaded.problems.join('\n')}`
    const code = configFailureCode(loaded.problems)
    const failure = new Failure({ code, status: 500, message, fix: 'correct the options named' })
    const surroundings = processSurroundings('silent')
    const lifecycle = new Lifecycle('embedded', surroundings.clock)
    const told = tolerantSettings({ ...sources, fileUnreadable: false })
    lifecycle.connect(() => analyticsAfterRefusal(told, 'embedded', surroundings))
    void lifecycle.failed(failure)
    throw failure
  }
  const surroundings = processSurroundings(loaded.config.settings['log.level'])
  return sallyportOf(loaded.config, surroundings, new Lifecycle('embedded', surroundings.clock))
}

/** The same from a configuration that is loaded already; tells `lifecycle` how it goes. */
export function sallyportOf(
  config: Config,
  surroundings: Surroundings,
  lifecycle: Lifecycle,
): ServedSallyport {
  let composed: Composed | null = null
  let starting: Promise<Composed> | null = null
  let closed: Promise<void> | null = null
  const end = async () => {
    try {
      await Promise.all([closeAfter(starting), lifecycle.flush()])
    } finally {
      composed = null
    }
  }
  return {
    listener(request, response) {
      if (composed !== null) composed.listener(request, response)
      else answerNotReady(response)
    },
    async start({ port = config.settings['listen.port'] } = {}) {
      if (starting !== null)
        throw misuse('this gateway was started already', 'make another with createSallyport')
      const publicUrl = new URL(
        config.settings.publicUrl ?? defaultPublicUrl(config.settings['listen.host'], port),
      )
      starting = build(config, publicUrl, surroundings, lifecycle)
      try {
        composed = await starting
      } catch (error) {
        const told = lifecycle.failed(error)
        // Our own command line waits by itself before it exits.
        if (lifecycle.source === 'embedded') await told
        throw error
      }
      const { tellEnded } = composed
      lifecycle.started(startedFacts(config, publicUrl, surroundings), tellEnded)
      return { publicUrl: publicUrl.href.replace(/\/$/, '') }
    },
    reload: (next) => composed?.reload(next) ?? [],
    running: () => composed?.running() ?? 0,
    beginClosing: () => composed?.beginClosing(),
    tellUnreadable: (status) => composed?.tellUnreadable(status),
    close() {
      // The reason stands before anything is torn down or sent: neither can change it (T56).
      lifecycle.ending(composed !== null && composed.running() > 0 ? 'drain_timeout' : 'clean_exit')
      closed ??= end()
      return closed
    },
  }
}

async function build(
  config: Config,
  publicUrl: URL,
  surroundings: Surroundings,
  lifecycle: Lifecycle,
): Promise<Composed> {
  const analytics = lifecycle.connect(
    () => analyticsOf(config, lifecycle.source, surroundings),
    acceptsOAuth(config),
  )
  const opened = await openConfiguredStore(config.settings, surroundings)
  try {
    const loopback = isLoopbackHost(config.settings['listen.host'])
    return await compose(config, { publicUrl, loopback }, opened, surroundings, analytics)
  } catch (error) {
    await opened.store.close()
    throw error
  }
}

/** Waits for a start that is under way; one that failed has left nothing open. */
async function closeAfter(starting: Promise<Composed> | null): Promise<void> {
  const composed = await starting?.catch(() => null)
  await composed?.close()
}

/** Where whoever is at this machine finds us, when nothing else is said. */
function defaultPublicUrl(host: string, port: number): string {
  return `http://${host === '::1' ? '[::1]' : '127.0.0.1'}:${port}`
}

function misuse(message: string, fix: string): Failure {
  return new Failure({ code: 'wrong_order', status: 500, message, fix })
}

function answerNotReady(response: ServerResponse): void {
  const body =
    '{"error":{"code":"shutting_down","message":"The gateway is starting or has stopped. Try again."}}'
  response.writeHead(503, { 'Content-Type': 'application/json', 'Retry-After': '1', Connection: 'close' })
  response.end(body)
}
