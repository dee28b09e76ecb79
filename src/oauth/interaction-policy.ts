import { interactionPolicy } from 'oidc-provider'

/**
 * When a person is asked. The library's own checks, but for one: whether a native client's consent is remembered is for
 * us to say, by its redirect URI and not by what it calls itself (see `remembered-consent.ts`).
 */
export function createInteractionPolicy(): interactionPolicy.DefaultPolicy {
  const policy = interactionPolicy.base()
  policy.get('consent')?.checks.remove('native_client_prompt')
  policy.get('consent')?.checks.remove('rar_prompt')
  return policy
}
