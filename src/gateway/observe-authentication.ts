import type { PresentedCredential } from '../principal/credential.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { AuthMethod } from '../telemetry/vocabulary.ts'
import type { Identified } from './authenticate.ts'
import { isRefusal, isRejection } from './refusal.ts'
import type { Refusal } from './refusal.ts'

/** Counts one judgement of a credential. */
export interface ObserveAuthentication {
  (credential: PresentedCredential, outcome: Identified | Refusal): void
}

/** The 401 to a caller who sent nothing is `challenged`, not `rejected`: it is how clients find out what to send. */
export function createObserveAuthentication(emit: Emit): ObserveAuthentication {
  return (credential, outcome) => {
    if (!isRefusal(outcome)) {
      emit('auth_decided', { method: acceptedBy[outcome.principal.kind], outcome: 'accepted' })
    } else if (isRejection(outcome.refused)) {
      const decided = outcome.refused === 'missing_credential' ? 'challenged' : 'rejected'
      emit('auth_decided', { method: presentedMethod(credential), outcome: decided })
    }
  }
}

/** The kind of credential behind a principal: a token's shape does not tell whose it is. */
export const acceptedBy = {
  user: 'api_key',
  admin: 'admin_token',
  external: 'forwarded_key',
  anonymous: 'none',
} as const

/** The kind of credential by its shape alone: known to every refusal, the guard's included. */
export function presentedMethod(credential: PresentedCredential): AuthMethod {
  if (credential.kind === 'api_key') return 'api_key'
  return credential.kind === 'bearer' ? 'oauth' : 'none'
}
