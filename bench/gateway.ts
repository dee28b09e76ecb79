import { join } from 'node:path'
import { answerParent } from './messages.ts'

/**
 * The real command line of a checkout (first argument; the rest is its own), which also tells the parent how much
 * processor time it has used.
 */
const [checkout = '', ...args] = process.argv.slice(2)
const program = (await import(join(checkout, 'src/cli/main.ts'))) as {
  main: (args: readonly string[]) => Promise<number>
}
answerParent()
process.exitCode = await program.main(args)
process.removeAllListeners('disconnect')
if (process.connected) process.disconnect()
