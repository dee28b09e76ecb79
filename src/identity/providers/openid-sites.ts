import type { IDToken } from 'openid-client'
import type { OpenidSite } from './openid.ts'
import { withoutSlash } from './plain-oauth-sites.ts'
import type { SiteOptions } from './plain-oauth-sites.ts'

/** Any OpenID Connect provider. */
export function oidcSite(
  options: SiteOptions & { readonly label: string; readonly scopes: readonly string[] },
): OpenidSite {
  const { url: issuer, clientId, clientSecret, label, scopes } = options
  const asked = new Set(['openid', ...(scopes.length === 0 ? ['profile', 'email'] : scopes)])
  const scope = [...asked].join(' ')
  return { name: 'oidc', label, issuer, clientId, clientSecret, scope, ...standard }
}

/** gitlab.com, or a server of one's own. */
export function gitlabSite({ url, clientId, clientSecret }: SiteOptions): OpenidSite {
  const issuer = withoutSlash(url)
  return {
    name: 'gitlab',
    label: 'GitLab',
    issuer,
    clientId,
    clientSecret,
    scope: 'openid email',
    ...standard,
  }
}

const standard = {
  asksUserinfo: true,
  subjectOf: ({ sub }: IDToken) => sub,
  // Some providers write the word where the specification has the value (section 5.1).
  isVerified: (claims: Readonly<Record<string, unknown>>) =>
    claims['email_verified'] === true || claims['email_verified'] === 'true',
}

/**
 * One Microsoft directory. A person is their object id there: `sub` differs for each registered application, so a new
 * registration would make strangers of everybody. `email` is whatever a directory's administrator wrote, of any domain,
 * and counts as verified only by `xms_edov` (the domain's owner is verified), an optional claim.
 */
export function microsoftSite(options: SiteOptions & { readonly tenant: string }): OpenidSite {
  const { clientId, clientSecret } = options
  const tenant = options.tenant.toLowerCase()
  return {
    name: 'microsoft',
    label: 'Microsoft',
    issuer: `${withoutSlash(options.url)}/${tenant}/v2.0`,
    clientId,
    clientSecret,
    scope: 'openid profile email',
    asksUserinfo: false,
    subjectOf: ({ tid, oid }) => (tid === tenant && typeof oid === 'string' && oid !== '' ? oid : null),
    isVerified: ({ xms_edov: owned }) => owned === true || owned === 1 || owned === '1' || owned === 'true',
  }
}
