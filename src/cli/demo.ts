import { join, relative } from 'node:path'
import { loadConfig } from '../config/load.ts'
import type { Config } from '../config/load.ts'
import { Failure } from '../lib/error.ts'
import { openConfiguredStore } from '../server/opened-store.ts'
import { serve } from '../server/serve.ts'
import type { Serving } from '../server/serve.ts'
import type { Surroundings } from '../server/surroundings.ts'
import { UsageError } from './command.ts'
import type { Command } from './command.ts'
import { claimDemoFolder } from './demo-folder.ts'
import { demoText } from './demo-text.ts'
import { prepareDemoUsers } from './demo-users.ts'
import { startSampleUpstream } from './sample-upstream/start.ts'

const preferredPort = '8787'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Runs a gateway with a sample upstream and two users in two workspaces; prints what to try.',
  operands: [],
  flags: { port: { summary: `Port to listen on. Default ${preferredPort}, or a free one.`, value: 'N' } },
  async run({ input, surroundings, workingFolder, print, note, stopRequested }) {
    if (input.flag('store') !== undefined || input.flag('config') !== undefined) {
      note('The demo has a store and a configuration of its own: --store and --config change nothing here.')
    }
    const wanted = input.flag('port')
    const ends = new AsyncDisposableStack()
    try {
      const folder = claimDemoFolder(join(workingFolder, '.sallyport-demo'))
      ends.defer(() => folder.release())
      const store = `sqlite:${join(relative(workingFolder, folder.path), 'sallyport.db')}`

      let gateway = ''
      const notesFile = join(folder.path, 'notes.db')
      const upstream = await startSampleUpstream({ issuer: () => gateway, notesFile }, surroundings)
      ends.defer(() => upstream.close())

      const config = (port: string) => demoConfig(port, store, upstream.url)
      const serving = await serveOnSomePort(wanted, config, surroundings)
      ends.defer(async () => void (await serving.stop()))
      gateway = serving.publicUrl

      const { settings } = config(preferredPort)
      const opened = await openConfiguredStore(settings, surroundings)
      const users = await prepareDemoUsers(opened.store, surroundings).finally(() => opened.store.close())

      if (input.json) print(JSON.stringify({ gateway, console: null, users }))
      else print(demoText({ gateway, upstream: upstream.url, store, users }))
      await stopRequested()
      surroundings.log.info('draining')
    } finally {
      await ends.disposeAsync()
    }
  },
}

/** A port that was asked for is the port, or an error; the preferred one may be another's, such as a first demo's. */
async function serveOnSomePort(
  wanted: string | undefined,
  config: (port: string) => Config,
  surroundings: Surroundings,
): Promise<Serving> {
  try {
    return await serve(config(wanted ?? preferredPort), surroundings)
  } catch (error) {
    if (wanted !== undefined || !(error instanceof Failure && error.code === 'bind_failed')) throw error
    surroundings.log.info(`port ${preferredPort} is taken; using a free one`)
    return serve(config('0'), surroundings)
  }
}

function demoConfig(port: string, store: string, upstreamUrl: string): Config {
  const loaded = loadConfig({
    flags: new Map([
      ['listen.port', port],
      ['store', store],
    ]),
    upstreamFlags: [`notes=${upstreamUrl}`],
    environment: {},
    file: null,
    readSecretFile: () => '',
  })
  if ('config' in loaded) return loaded.config
  throw new UsageError(loaded.problems.join('\n'), 'see sallyport demo --help')
}
