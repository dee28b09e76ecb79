import type { Actor } from '../identity/api-key-store.ts'

/** The command line acts with the rights of whoever may open the store. */
export const atCommandLine: Actor = { kind: 'admin', id: null }
