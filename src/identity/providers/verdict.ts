import { Failure } from '../../lib/error.ts'
import type { RedirectProvider } from '../sign-in-provider.ts'

/** What a provider with a page of its own says in the end. */
export type Verdict = Awaited<ReturnType<RedirectProvider['finish']>>
export type Denial = Exclude<Verdict, { readonly vouched: unknown }>

/** The registered error codes, and GitHub's own. A provider's free text is repeated nowhere, nor is a code we do not know. */
const refusals: ReadonlySet<string> = new Set([
  'access_denied',
  'invalid_request',
  'invalid_grant',
  'invalid_scope',
  'unauthorized_client',
  'unsupported_grant_type',
  'unsupported_response_type',
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'bad_verification_code',
  'unverified_user_email',
])

/** What says nothing of the person, but of the provider's state or of how it was configured here. */
const outages: ReadonlySet<string> = new Set([
  'server_error',
  'temporarily_unavailable',
  'invalid_client',
  'incorrect_client_credentials',
  'redirect_uri_mismatch',
  'application_suspended',
])

/** Judges an `error` of RFC 6749 sections 4.1.2.1 and 5.2. */
export function judgeErrorCode(code: unknown): Denial {
  if (typeof code === 'string' && outages.has(code)) return { unavailable: `it answered ${code}` }
  const known = typeof code === 'string' && refusals.has(code)
  return { refused: known ? `it answered ${code}` : 'it answered with an error that is not registered' }
}

/** The `Failure` in an error or in what caused it; null when there is none. */
export function failureIn(error: unknown): Failure | null {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof Failure) return cause
  }
  return null
}

/** An outage in the words of the log; null when the error is of another kind. */
export function outageIn(error: unknown): { readonly unavailable: string } | null {
  const failure = failureIn(error)
  return failure?.code === 'provider_unavailable' ? { unavailable: failure.detail ?? failure.message } : null
}
