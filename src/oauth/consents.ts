import type { Actor } from '../identity/api-key-store.ts'
import type { Clock } from '../lib/clock.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { Consents } from './consent.ts'
import type { ConsentStore, RevokedConsent } from './consent-store.ts'

export interface ConsentsDependencies {
  readonly store: ConsentStore
  readonly clock: Clock
  readonly emit: Emit
}

/** The consents of everybody: what the account pages and administrators do with them. */
export function createConsents({ store, clock, emit }: ConsentsDependencies): Consents {
  const say = (revoked: readonly RevokedConsent[], actor: Actor) => {
    for (const { endedTokens } of revoked) {
      emit('consent_revoked', { actor: actor.kind })
      if (endedTokens) emit('token_revoked', { reason: 'consent_revoked' })
    }
  }
  return {
    list: (userId) => store.list(userId),

    async revoke(id, actor, userId) {
      const revoked = await store.revoke(id, clock.now(), actor, userId)
      if (revoked === undefined) return false
      say([revoked], actor)
      return true
    },

    async revokeAll(userId, actor) {
      const revoked = await store.revokeAll(userId, clock.now(), actor)
      say(revoked, actor)
      return revoked.length
    },
  }
}
