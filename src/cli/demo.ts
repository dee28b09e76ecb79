import { relative } from 'node:path'
import { Failure } from '../lib/error.ts'
import type { Lifecycle } from '../telemetry/lifecycle.ts'
import type { Command, CommandContext } from './command.ts'
import { demoText } from './demo-text.ts'
import { demoSources, preferredDemoPort, startDemo } from './start-demo.ts'
import { runTold } from './told-run.ts'

export const demoCommand: Command = {
  name: 'demo',
  summary: 'Runs a gateway with a sample upstream and two users in two workspaces; prints what to try.',
  operands: [],
  flags: { port: { summary: `Port to listen on. Default ${preferredDemoPort}, or a free one.`, value: 'N' } },
  run: (context) =>
    runTold(
      context,
      () => demoSources(context.surroundings.host?.environment ?? {}),
      (lifecycle) => runDemo(context, lifecycle),
    ),
}

async function runDemo(
  { input, surroundings, workingFolder, print, note, stopRequested }: CommandContext,
  lifecycle: Lifecycle,
): Promise<void> {
  if (input.flag('store') !== undefined || input.flag('config') !== undefined) {
    note('The demo has a store and a configuration of its own: --store and --config change nothing here.')
  }
  const demo = await startDemo({ workingFolder, port: input.flag('port') }, surroundings, lifecycle)
  const { gateway, upstream, users, storeFile } = demo
  const store = `sqlite:${relative(workingFolder, storeFile)}`
  // Before anybody reads that it runs: whoever does may ask it to stop at once.
  const stop = stopRequested()
  if (input.json) print(JSON.stringify({ gateway, console: null, users }))
  else print(demoText({ gateway, upstream, store, users }))
  const broken = await Promise.race([stop, demo.broken])
  surroundings.log.info('draining')
  await demo.stop()
  if (broken instanceof Failure) throw broken
}
