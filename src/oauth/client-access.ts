import type { Actor } from '../identity/api-key-store.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { EndedAccess } from './client-store.ts'

/** States what ended with a client, each consent once; call after the commit. */
export function sayEndedAccess({ consents, withTokens }: EndedAccess, actor: Actor, emit: Emit): void {
  const reason = actor.kind === 'admin' ? 'admin' : 'consent_revoked'
  for (let n = 0; n < consents; n += 1) emit('consent_revoked', { actor: actor.kind })
  for (let n = 0; n < withTokens; n += 1) emit('token_revoked', { reason })
}
