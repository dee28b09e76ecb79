import type { RejectionReason } from '../telemetry/vocabulary.ts'

/** What a refused request named. Of its client only the host is ever said again, of its redirect nothing at all. */
export interface RefusedRequest {
  readonly clientId: string | null
}

/**
 * Why a request is refused, for the person whose browser brought it, and what helps; null where the library's own words
 * have to do.
 */
export function errorWords(reason: RejectionReason | null, { clientId }: RefusedRequest): string | null {
  switch (reason) {
    case 'metadata_document_failed':
      return `The client's metadata document at ${hostOf(clientId)} could not be used: it cannot be fetched from here, or it is wrong. Try again in a minute. If it stays like this, tell whoever runs this server.`
    case 'unknown_client':
      return 'The client is not known here. It may remember a registration that is gone: remove this server from the client, and add it again.'
    case 'redirect_mismatch':
      return 'The client wants you sent back to an address that is not registered for it. Whoever set the client up can have it registered.'
    case 'client_pending':
      return 'The client has not been approved yet. An administrator must approve it; then connect again.'
    case 'client_inactive':
      return 'The client has been switched off here. Ask an administrator.'
    default:
      return null
  }
}

function hostOf(text: string | null): string {
  const host = text === null ? '' : (URL.parse(text)?.host ?? '')
  return host === '' ? 'an unknown host' : host
}
