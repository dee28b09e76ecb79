import type { Client } from 'oidc-provider'
import type { SignedIn } from '../identity/login-session.ts'
import { isDocumentUrl } from './client-document.ts'
import type { ConsentRequest } from './interaction.ts'
import { isLoopbackRedirect, isPrivateUseRedirect } from './redirect-policy.ts'
import { isOpenTo } from './resources.ts'
import type { Resource } from './resources.ts'
import { shownScopes } from './scopes.ts'

type Parameters = Readonly<Record<string, unknown>>
/** What of a client is shown. */
type ShownClient = Pick<InstanceType<typeof Client>, 'clientId' | 'clientName' | 'redirectUris'>

/** What a person is told before they agree. */
export function consentRequest(
  params: Parameters,
  { clientId, clientName, redirectUris = [] }: ShownClient,
  resource: Resource,
  { memberships }: SignedIn,
): ConsentRequest {
  const redirectUri = redirectOf(params)
  const scope = params['scope']
  const workspaces = memberships.map(({ workspace }) => workspace)
  return {
    client: {
      id: clientId,
      name: clientName ?? clientId,
      documentHost: isDocumentUrl(clientId) ? new URL(clientId).host : null,
    },
    redirectHost: redirectUri === null ? null : hostOf(redirectUri),
    // By the redirect of this very request: one on the web that is never used must not quiet the warning.
    localOnly: (redirectUri === null ? redirectUris : [redirectUri]).some(isLoopbackRedirect),
    scopes: shownScopes(typeof scope === 'string' ? scope.split(' ') : []),
    upstreams: resource.upstreams,
    workspaces: workspaces.filter((workspace) => isOpenTo(resource, workspace)),
    formAction: formActionOf(params),
  }
}

/** What the way back leads to, as a `form-action` names it: an origin, or the scheme of an application. */
export function formActionOf(params: Parameters): readonly string[] {
  const redirectUri = redirectOf(params)
  const url = redirectUri === null ? null : URL.parse(redirectUri)
  if (url === null) return []
  return [/^https?:$/.test(url.protocol) ? url.origin : url.protocol]
}

function redirectOf({ redirect_uri: uri }: Parameters): string | null {
  return typeof uri === 'string' ? uri : null
}

function hostOf(redirectUri: string): string {
  if (isLoopbackRedirect(redirectUri)) return 'this device'
  const url = new URL(redirectUri)
  return isPrivateUseRedirect(redirectUri) ? url.protocol : url.host
}
