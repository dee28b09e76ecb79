import { openConfiguredStore } from '../server/opened-store.ts'
import type { Command } from './command.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'Brings the store to this version.',
  operands: [],
  flags: {},
  async run({ config, surroundings, input, print }) {
    const { store, migrated: applied } = await openConfiguredStore(config().settings, surroundings)
    await store.close()
    if (input.json) print(JSON.stringify({ applied }))
    else print(applied.length === 0 ? 'the store is up to date' : `applied ${applied.join(', ')}`)
  },
}
