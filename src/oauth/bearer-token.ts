import type { IncomingMessage } from 'node:http'
import { classifyCredential } from '../principal/credential.ts'
import type { RejectionReason } from '../telemetry/vocabulary.ts'

/** The token a request presents (RFC 6750 section 2.1), or why it presents none. */
export function bearerTokenOf({
  headers,
}: Pick<IncomingMessage, 'headers'>): { readonly token: string } | { readonly refused: RejectionReason } {
  const credential = classifyCredential(headers.authorization)
  if (credential.kind === 'none') return { refused: 'missing_credential' }
  return credential.kind === 'unusable'
    ? { refused: credential.reason }
    : { token: credential.token.reveal() }
}
