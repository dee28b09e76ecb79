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
  async run({ config, surroundings, input, print, note, stopRequested }) {
    const loaded = config()
    if (loaded.upstreams.length === 0) {
      throw new Failure({
        code: 'no_upstream',
        status: 500,
        message: 'no upstream is configured',
        fix: 'name one with --upstream NAME=URL, or under upstreams: in the configuration file',
      })
    }
    for (const warning of loaded.warnings) surroundings.log.warn(warning)
    const serving = await serve(loaded, surroundings)
    const { listening, publicUrl } = serving
    if (input.json) print(JSON.stringify({ listening, publicUrl }))
    else {
      print(`Sallyport listens on ${listening}`)
      for (const { name } of loaded.upstreams) print(`  ${publicUrl}/mcp/${name}`)
      note('Next: sallyport users add EMAIL, then sallyport keys create --user EMAIL')
    }
    await stopRequested()
    surroundings.log.info('draining')
    const inTime = await serving.stop()
    surroundings.log.info(inTime ? 'stopped' : 'stopped; some requests were broken off')
  },
}
