import type { GlobalSettings } from '../config/options.ts'
import { openStore } from '../storage/open-store.ts'
import type { Store } from '../storage/open-store.ts'
import { readOrMakeSecretsKey, secretsKeyFile } from './secrets-key.ts'
import type { Surroundings } from './surroundings.ts'

/** The store of this configuration, brought to this version, and the key to the secrets in it. */
export interface OpenedStore {
  readonly store: Store
  readonly secretsKey: string
  /** The names of the migrations that were applied. */
  readonly migrated: readonly string[]
}

/** Opens and migrates. Throws `Failure` with a fix when the store cannot be used; nothing is left open then. */
export async function openConfiguredStore(
  settings: Pick<GlobalSettings, 'store' | 'secretsKey'>,
  { clock, random, log }: Pick<Surroundings, 'clock' | 'random' | 'log'>,
): Promise<OpenedStore> {
  const store = openStore(settings.store, { clock, random })
  try {
    const migrated = await store.migrate()
    for (const name of migrated) log.info('store migrated', { detail: name })
    const secretsKey = settings.secretsKey ?? readOrMakeSecretsKey(secretsKeyFile(settings.store), random)
    return { store, secretsKey, migrated }
  } catch (error) {
    await store.close()
    throw error
  }
}
