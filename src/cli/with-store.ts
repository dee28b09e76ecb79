import type { Config } from '../config/load.ts'
import { openConfiguredStore } from '../server/opened-store.ts'
import type { OpenedStore } from '../server/opened-store.ts'
import type { CommandContext } from './command.ts'

/** Opens the configured store for one piece of work and closes it whatever happens. */
export async function withStore(
  { config, surroundings }: CommandContext,
  work: (opened: OpenedStore & { config: Config }) => Promise<void>,
): Promise<void> {
  const loaded = config()
  const opened = await openConfiguredStore(loaded.settings, surroundings)
  try {
    await work({ ...opened, config: loaded })
  } finally {
    await opened.store.close()
  }
}
