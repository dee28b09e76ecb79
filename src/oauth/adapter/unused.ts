import type { Adapter } from 'oidc-provider'

/** What a kind of the library's has no use for. Each adapter overrides what it has; the rest is never asked. */
export const unusedAdapter: Adapter = {
  upsert: async () => {
    throw new Error('the library keeps something it has not kept before')
  },
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: async () => {},
  destroy: async () => {},
  // Consents are revoked by people, families by their replay: never by the library, all at once.
  revokeByGrantId: async () => {},
}
