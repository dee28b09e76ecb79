import { refusals } from './refusal.ts'
import type { Refusal } from './refusal.ts'

/**
 * The `WWW-Authenticate` value of a refusal (RFC 6750 section 3), or null when it has none. A caller who sent no
 * credential gets a bare `Bearer`: `error` is only for a token that was presented and refused.
 */
export function challengeFor({ refused, scopes }: Refusal): string | null {
  const { status, message } = refusals[refused]
  if (refused === 'missing_credential') return 'Bearer'
  if (status === 401)
    return `Bearer error="invalid_token", error_description="${message.replaceAll('"', "'")}"`
  if (refused !== 'insufficient_scope') return null
  return `Bearer error="insufficient_scope", scope="${(scopes ?? []).join(' ')}"`
}
