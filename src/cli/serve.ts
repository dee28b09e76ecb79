import { Failure } from '../lib/error.ts'
import { serve } from '../server/serve.ts'
import type { Lifecycle } from '../telemetry/lifecycle.ts'
import type { Command, CommandContext } from './command.ts'
import { firstAdminHint } from './first-admin.ts'
import { runTold } from './told-run.ts'

export const serveCommand: Command = {
  name: 'serve',
  summary: 'Runs the gateway.',
  operands: [],
  flags: {
    upstream: {
      summary: 'An MCP server to put behind the gateway; may be repeated.',
      value: 'NAME=URL',
      repeatable: true,
    },
  },
  allOptions: true,
  run: (context) => runTold(context, context.configSources, (lifecycle) => runGateway(context, lifecycle)),
}

async function runGateway(
  { config, onConfigChange, surroundings, input, print, note, interactive, stopRequested }: CommandContext,
  lifecycle: Lifecycle,
): Promise<void> {
  const { log } = surroundings
  const loaded = config()
  if (loaded.upstreams.length === 0) {
    throw new Failure({
      code: 'no_upstream',
      status: 500,
      message: 'no upstream is configured',
      fix: 'name one with --upstream NAME=URL, or under upstreams: in the configuration file',
    })
  }
  for (const warning of loaded.warnings) log.warn(warning)
  const serving = await serve(loaded, surroundings, lifecycle)
  const { listening, publicUrl } = serving
  // Before anybody reads that it listens: whoever does may ask it to stop at once.
  const stop = stopRequested()
  if (input.json) print(JSON.stringify({ listening, publicUrl }))
  else {
    print(`Sallyport listens on ${listening}`)
    for (const { name } of loaded.upstreams) print(`  ${publicUrl}/mcp/${name}`)
    for (const line of await firstAdminHint(loaded.settings, { surroundings, interactive })) note(line)
    note(
      'Next: sallyport users add EMAIL --password-stdin < FILE, to sign in; or sallyport keys create --user EMAIL',
    )
  }
  onConfigChange((next) => {
    if (next instanceof Failure)
      return log.error('the changed configuration is not taken over', { detail: next.message })
    if (next.upstreams.length === 0) {
      return log.error('the changed configuration is not taken over', { detail: 'it names no upstream' })
    }
    const waiting = serving.reload(next)
    log.info('the configuration was taken over')
    if (waiting.length > 0) log.warn(`changed, but only a restart takes it over: ${waiting.join(', ')}`)
  })
  const broken = await Promise.race([stop, serving.broken])
  log.info('draining')
  const inTime = await serving.stop()
  log.info(inTime ? 'stopped' : 'stopped; some requests were broken off')
  if (broken instanceof Failure) throw broken
}
