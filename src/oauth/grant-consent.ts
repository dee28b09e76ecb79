import type { Emit } from '../telemetry/telemetry.ts'
import type { ConsentStore, GrantOutcome, NewConsent } from './consent-store.ts'

export interface GrantDependencies {
  readonly consents: Pick<ConsentStore, 'grant'>
  readonly emit: Emit
}

/**
 * Gives a consent, and says so after the commit; one that only grows is not a new one. Null when the user is disabled or
 * no member of the workspace.
 */
export async function grantConsent(
  consent: NewConsent,
  { consents, emit }: GrantDependencies,
): Promise<GrantOutcome | null> {
  const granted = await consents.grant(consent)
  if (granted?.isNew === true) emit('consent_granted', { flow: consent.flow })
  return granted
}
