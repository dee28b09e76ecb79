import { baseOf, mirrorLoopback } from '../tokens/resource.ts'
import type { Received } from './received.ts'
import { refusals } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { resourceMetadataPath } from './resource-metadata.ts'

/** The `WWW-Authenticate` value of a refusal, or null when it has none. */
export interface Challenge {
  (received: Received, refusal: Refusal): string | null
}

/**
 * Makes the challenges of RFC 6750 section 3 and RFC 9728 section 5.1. `error` is only for a credential that was
 * presented and refused. Where OAuth is accepted, the caller is told where to sign in and for which scopes; not so one
 * who sent an API key that is of use there, and who needs another key and no browser.
 */
export function createChallenge({ publicUrl }: { readonly publicUrl: URL }): Challenge {
  return (received, refusal) => {
    const { refused, scopes, hint } = refusal
    const { status, message } = refusals[refused]
    const isScope = refused === 'insufficient_scope'
    if (status !== 401 && !isScope) return null
    const { upstream } = received.call
    const parts: string[] = []
    if (isScope) parts.push('error="insufficient_scope"')
    else if (refused !== 'missing_credential') {
      const description = hint === undefined ? message : `${message} (${hint})`
      parts.push('error="invalid_token"', `error_description="${quotable(description)}"`)
    }
    const needed = scopes ?? upstream?.scopes ?? []
    const hinted = mayUseOAuth(received)
    if (hinted) parts.push(`resource_metadata="${metadataUrl(publicUrl, received)}"`)
    if ((hinted || isScope) && needed.length > 0) parts.push(`scope="${needed.join(' ')}"`)
    return parts.length === 0 ? 'Bearer' : `Bearer ${parts.join(', ')}`
  }
}

/** Whether a challenge tells where the metadata of the resource is. */
export function namesMetadata(challenge: string | null): boolean {
  return challenge?.includes('resource_metadata=') === true
}

function mayUseOAuth({ head, call: { upstream } }: Received): boolean {
  if (upstream === null || !upstream.accept.includes('oauth')) return false
  return head.credential.kind !== 'api_key' || !upstream.accept.includes('api_key')
}

/** Below publicUrl, where every proxy in front passes it on, under the loopback name that was asked. */
function metadataUrl(publicUrl: URL, { head }: Received): string {
  const resourcePath = head.path.slice(publicUrl.pathname.replace(/\/$/, '').length)
  return `${baseOf(mirrorLoopback(publicUrl, head.host))}${resourceMetadataPath}${resourcePath}`
}

/** RFC 6750 section 3: neither quotes nor backslashes. */
function quotable(text: string): string {
  return text.replaceAll(/["\\]/g, "'")
}
