import type { Secret } from '../../lib/secret.ts'
import type { PlainOAuthSite } from './plain-oauth.ts'

export interface SiteOptions {
  /** Of the instance; may have a path. */
  readonly url: string
  readonly clientId: string
  readonly clientSecret: Secret
}

/** GitHub, or an Enterprise server. `apiUrl` null: where that instance has it. */
export function githubSite(options: SiteOptions & { readonly apiUrl: string | null }): PlainOAuthSite {
  const { clientId, clientSecret } = options
  const url = withoutSlash(options.url)
  const api = withoutSlash(options.apiUrl ?? githubApi(url))
  return {
    name: 'github',
    label: 'GitHub',
    issuer: url,
    authorizeUrl: `${url}/login/oauth/authorize`,
    tokenUrl: `${url}/login/oauth/access_token`,
    userUrl: `${api}/user`,
    emailsUrl: `${api}/user/emails?per_page=100`,
    scope: 'user:email',
    apiFields: { Accept: 'application/vnd.github+json', 'X-GitHub-Api-Version': '2022-11-28' },
    clientId,
    clientSecret,
  }
}

/** Gitea and Forgejo. */
export function giteaSite({ clientId, clientSecret, ...options }: SiteOptions): PlainOAuthSite {
  const url = withoutSlash(options.url)
  return {
    name: 'gitea',
    label: 'Gitea',
    issuer: url,
    authorizeUrl: `${url}/login/oauth/authorize`,
    tokenUrl: `${url}/login/oauth/access_token`,
    userUrl: `${url}/api/v1/user`,
    emailsUrl: `${url}/api/v1/user/emails`,
    scope: 'read:user',
    apiFields: { Accept: 'application/json' },
    clientId,
    clientSecret,
  }
}

/** github.com and the tenants of ghe.com have a host for it, Enterprise servers a path. */
function githubApi(url: string): string {
  const { hostname } = new URL(url)
  return hostname === 'github.com' || hostname.endsWith('.ghe.com')
    ? `https://api.${hostname}`
    : `${url}/api/v3`
}

/** A URL as issuers are compared: scheme and host in lower case, no slash at the end. */
export function withoutSlash(url: string): string {
  return new URL(url).href.replace(/\/+$/, '')
}
