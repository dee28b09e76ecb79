import { Failure } from '../lib/error.ts'
import { serve } from '../server/serve.ts'
import type { Command } from './command.ts'

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
  async run({ config, onConfigChange, surroundings, input, print, note, stopRequested }) {
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
    const serving = await serve(loaded, surroundings)
    const { listening, publicUrl } = serving
    // Before anybody reads that it listens: whoever does may ask it to stop at once.
    const stop = stopRequested()
    if (input.json) print(JSON.stringify({ listening, publicUrl }))
    else {
      print(`Sallyport listens on ${listening}`)
      for (const { name } of loaded.upstreams) print(`  ${publicUrl}/mcp/${name}`)
      note('Next: sallyport users add EMAIL, then sallyport keys create --user EMAIL')
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
    await stop
    log.info('draining')
    const inTime = await serving.stop()
    log.info(inTime ? 'stopped' : 'stopped; some requests were broken off')
  },
}
