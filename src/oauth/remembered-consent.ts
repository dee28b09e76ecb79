import { errors } from 'oidc-provider'
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { isLoopbackHost } from '../config/address.ts'
import type { ConsentStore, HeldConsent } from './consent-store.ts'
import { isOpenTo } from './resources.ts'
import type { Resource, Resources } from './resources.ts'

/**
 * The consent that answers a request: the one just given, or one remembered for the same user, client and resource. With
 * several, for one workspace each, the person is asked which is meant.
 */
export function createLoadConsent(
  consents: ConsentStore,
  resources: Resources,
): NonNullable<Configuration['loadExistingGrant']> {
  return async (ctx) => {
    const { oidc } = ctx
    refuseTakenRedirect(ctx)
    const given = oidc.result?.consent?.grantId
    if (given !== undefined) return oidc.provider.Grant.find(given)
    const [client, account] = [oidc.client, oidc.account]
    const resource = resourceOf(ctx, resources)
    if (client === undefined || account === undefined || resource === undefined || !mayRemember(ctx)) return
    const alike = await consents.findAlike(account.accountId, client.clientId, resource.resource)
    const [only, ...others] = alike.filter((consent) => stillHolds(consent, resource))
    return only === undefined || others.length > 0 ? undefined : oidc.provider.Grant.find(only.id)
  }
}

/** A request may wait for an hour: what the client was registered with has to hold when it is answered, too. */
function refuseTakenRedirect({ oidc }: KoaContextWithOIDC): void {
  const redirect = oidc.params?.['redirect_uri']
  if (oidc.route !== 'resume' || typeof redirect !== 'string') return
  if (oidc.client?.redirectUriAllowed(redirect) !== true) throw new errors.InvalidRedirectUri()
}

function resourceOf({ oidc }: KoaContextWithOIDC, resources: Resources): Resource | undefined {
  const [asked] = Object.keys(oidc.resourceServers ?? {})
  return resources.list().find(({ resource }) => resource === asked)
}

function stillHolds({ workspace, userInactive }: HeldConsent, resource: Resource): boolean {
  return !userInactive && isOpenTo(resource, workspace)
}

/**
 * T52: any program on the device may wait at a loopback redirect or claim a scheme, and anybody may show a device code:
 * only an https redirect or the client's own authentication shows that it is the same client again.
 */
function mayRemember({ oidc }: KoaContextWithOIDC): boolean {
  if (oidc.route !== 'authorization' && oidc.route !== 'resume') return false
  if (oidc.client?.clientAuthMethod !== 'none') return true
  const redirect = oidc.params?.['redirect_uri']
  return (
    typeof redirect === 'string' &&
    /^https:\/\//i.test(redirect) &&
    !isLoopbackHost(new URL(redirect).hostname)
  )
}
