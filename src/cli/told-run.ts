import { tolerantSettings } from '../config/tolerant.ts'
import type { TolerantSources } from '../config/tolerant.ts'
import { analyticsAfterRefusal } from '../server/analytics-of.ts'
import { Lifecycle } from '../telemetry/lifecycle.ts'
import { UsageError } from './command.ts'
import type { CommandContext } from './command.ts'

/**
 * Runs a server so that its life is told once, however it ends. What is thrown is the true error, at once: telling it
 * keeps the process a little longer, and changes neither message nor exit code (T56). `sources` are where the
 * configuration came from, in case it could not be read.
 */
export async function runTold(
  { surroundings, onCrash }: Pick<CommandContext, 'surroundings' | 'onCrash'>,
  sources: () => TolerantSources,
  run: (lifecycle: Lifecycle) => Promise<void>,
): Promise<void> {
  const lifecycle = new Lifecycle('main', surroundings.clock)
  const tell = async (error: unknown) => {
    try {
      lifecycle.connect(() => analyticsAfterRefusal(tolerantSettings(sources()), 'main', surroundings))
      await lifecycle.failed(error)
    } catch (second) {
      surroundings.log.debug('the failure could not be told', { detail: String(second) })
    }
  }
  onCrash(tell)
  try {
    await run(lifecycle)
  } catch (error) {
    // A wrong command line started nothing.
    if (!(error instanceof UsageError)) void tell(error)
    throw error
  }
}
