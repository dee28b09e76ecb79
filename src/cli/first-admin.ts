import type { GlobalSettings } from '../config/options.ts'
import { defaultWorkspace } from '../identity/workspace.ts'
import { randomBase62 } from '../lib/base62.ts'
import { newId } from '../lib/id.ts'
import { Secret } from '../lib/secret.ts'
import { openConfiguredStore } from '../server/opened-store.ts'
import { atCommandLine } from './at-command-line.ts'
import type { CommandContext } from './command.ts'
import { storePassword } from './passwords.ts'

const email = 'admin@localhost'
const addAdmin = 'sallyport users add EMAIL --role admin --password-stdin < FILE'

/**
 * What to tell whoever starts a gateway without an administrator: the command that makes one, or, when a person is at
 * the terminal, one that has been made, with a password for one sign-in. Empty when there is one. Never throws: the
 * gateway runs either way.
 */
export async function firstAdminHint(
  settings: GlobalSettings,
  { surroundings, interactive }: Pick<CommandContext, 'surroundings' | 'interactive'>,
): Promise<readonly string[]> {
  try {
    return await hint(settings, { surroundings, interactive })
  } catch (error) {
    surroundings.log.warn('nobody could see whether there is an administrator', {
      detail: error instanceof Error ? error.message : 'unknown',
    })
    return []
  }
}

async function hint(
  settings: GlobalSettings,
  context: Pick<CommandContext, 'surroundings' | 'interactive'>,
): Promise<readonly string[]> {
  const command = [`No administrator yet. Make one: ${addAdmin}`]
  // Each opening of a store in memory is another store.
  if (settings.store === 'sqlite::memory:') return command
  const { surroundings, interactive } = context
  const { store } = await openConfiguredStore(settings, surroundings)
  try {
    if (await store.users.hasAdmin()) return []
    if (!interactive || !signsInHere(settings)) return command
    const { clock, random } = surroundings
    const added = await store.users.add(
      { id: newId('usr', random), email, workspace: defaultWorkspace, role: 'admin', at: clock.now() },
      atCommandLine,
    )
    if (added.outcome !== 'added') return command
    const password = randomBase62(20, random)
    await storePassword(context, store, added.user, new Secret(password), { oneTime: true })
    return [
      'No administrator yet, so one was made. The password is good for one sign-in and shown only now:',
      `  ${email}  ${password}`,
      'Sign in with it at /account, and choose another.',
    ]
  } finally {
    await store.close()
  }
}

/** Whether our own passwords are good for anything here. */
function signsInHere({ 'auth.providers': providers }: GlobalSettings): boolean {
  return providers.length === 0 || providers.includes('local')
}
