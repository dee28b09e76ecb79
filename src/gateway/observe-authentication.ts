import type { PresentedCredential } from '../principal/credential.ts'
import type { Principal } from '../principal/principal.ts'
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
      emit('auth_decided', { method: acceptedMethod(credential, outcome.principal), outcome: 'accepted' })
    } else if (isRejection(outcome.refused)) {
      const decided = outcome.refused === 'missing_credential' ? 'challenged' : 'rejected'
      emit('auth_decided', { method: presentedMethod(credential), outcome: decided })
    }
  }
}

/** The kind of credential behind a principal: a token's shape alone does not tell an admin's from a key of others. */
export function acceptedMethod(credential: PresentedCredential, principal: Principal): AuthMethod {
  switch (principal.kind) {
    case 'admin':
      return 'admin_token'
    case 'external':
      return 'forwarded_key'
    case 'anonymous':
    case 'service':
    case 'user':
      return presentedMethod(credential)
  }
}

/** The kind of credential by its shape alone: known to every refusal, the guard's included. */
function presentedMethod(credential: PresentedCredential): AuthMethod {
  if (credential.kind === 'api_key') return 'api_key'
  return credential.kind === 'bearer' ? 'oauth' : 'none'
}
