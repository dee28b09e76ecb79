import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { configFailureCode } from '../config/tolerant.ts'
import type { TolerantSources } from '../config/tolerant.ts'
import { Failure } from '../lib/error.ts'
import { openConfiguredStore } from '../server/opened-store.ts'
import { serve } from '../server/serve.ts'
import type { Serving } from '../server/serve.ts'
import type { Surroundings } from '../server/surroundings.ts'
import type { Lifecycle } from '../telemetry/lifecycle.ts'
import { UsageError } from './command.ts'
import { claimDemoFolder } from './demo-folder.ts'
import { prepareDemoUsers } from './demo-users.ts'
import type { DemoUser } from './demo-users.ts'
import { startSampleUpstream } from './sample-upstream/start.ts'

export const preferredDemoPort = '8787'

export interface DemoOptions {
  /** An absolute path; the demo keeps everything in `.sallyport-demo` there. */
  readonly workingFolder: string
  /** The very port to listen on; without one the preferred port, or a free one when that is taken. */
  readonly port?: string | undefined
}

/** A gateway with a sample upstream and two users, ready to be called. */
export interface RunningDemo {
  /** Base URL of the gateway, without path. */
  readonly gateway: string
  /** URL of the sample upstream. */
  readonly upstream: string
  /** The SQLite file of the gateway's store. */
  readonly storeFile: string
  readonly users: readonly [DemoUser, DemoUser]
  /** Resolves when the gateway can no longer accept connections. */
  readonly broken: Promise<Failure>
  /** Drains the gateway, then ends the upstream and lets the folder go. */
  stop(): Promise<void>
}

/** Starts it all in this process. Whatever fails, nothing is left running, and whoever brings a `lifecycle` tells it. */
export async function startDemo(
  { workingFolder, port }: DemoOptions,
  surroundings: Surroundings,
  lifecycle: Lifecycle | null = null,
): Promise<RunningDemo> {
  const ends = new AsyncDisposableStack()
  try {
    const folder = claimDemoFolder(join(workingFolder, '.sallyport-demo'))
    ends.defer(() => folder.release())
    const storeFile = join(folder.path, 'sallyport.db')

    let gateway = ''
    const notesFile = join(folder.path, 'notes.db')
    const upstream = await startSampleUpstream({ issuer: () => gateway, notesFile }, surroundings)
    ends.defer(() => upstream.close())

    const variables = surroundings.host?.environment ?? {}
    const config = (listenPort: string) =>
      demoConfig(listenPort, `sqlite:${storeFile}`, upstream.url, variables)
    const start = (listenPort: string) => serve(config(listenPort), surroundings, lifecycle)
    const serving = await onSomePort(port, start, surroundings)
    ends.defer(async () => void (await serving.stop()))
    gateway = serving.publicUrl

    const { store } = await openConfiguredStore(config(preferredDemoPort).settings, surroundings)
    try {
      const users = await prepareDemoUsers(store, surroundings)
      return {
        gateway,
        upstream: upstream.url,
        storeFile,
        users,
        broken: serving.broken,
        stop: () => ends.disposeAsync(),
      }
    } finally {
      await store.close()
    }
  } catch (error) {
    await ends.disposeAsync()
    throw error
  }
}

/** A port that was asked for is the port, or an error; the preferred one may be another's, such as a first demo's. */
async function onSomePort(
  wanted: string | undefined,
  start: (port: string) => Promise<Serving>,
  surroundings: Surroundings,
): Promise<Serving> {
  try {
    return await start(wanted ?? preferredDemoPort)
  } catch (error) {
    if (wanted !== undefined || !(error instanceof Failure && error.code === 'bind_failed')) throw error
    surroundings.log.info(`port ${preferredDemoPort} is taken; using a free one`)
    return start('0')
  }
}

type Variables = TolerantSources['environment']

/** The demo has a configuration of its own; only what leaves it is set as for `serve`, by variables. */
export function demoSources(variables: Variables): TolerantSources {
  const telemetry = Object.entries(variables).filter(([name]) => name.startsWith('SALLYPORT_TELEMETRY_'))
  const readSecretFile = (path: string) => readFileSync(path, 'utf8')
  const environment = Object.fromEntries(telemetry)
  return {
    flags: new Map(),
    upstreamFlags: [],
    environment,
    file: null,
    fileUnreadable: false,
    readSecretFile,
  }
}

function demoConfig(port: string, store: string, upstreamUrl: string, variables: Variables): Config {
  const loaded = loadConfig({
    ...demoSources(variables),
    flags: new Map([
      ['listen.port', port],
      ['store', store],
    ]),
    upstreamFlags: [`notes=${upstreamUrl}`],
  })
  if ('config' in loaded) return loaded.config
  if (loaded.problems.some((problem) => problem.includes('telemetry.'))) {
    throw new Failure({
      code: configFailureCode(loaded.problems),
      status: 500,
      message: `the configuration cannot be used\n${loaded.problems.join('\n')}`,
      fix: 'correct the variables named',
    })
  }
  throw new UsageError(loaded.problems.join('\n'), 'see sallyport demo --help')
}
