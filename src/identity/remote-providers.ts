import type { GlobalSettings } from '../config/options.ts'
import type { Clock } from '../lib/clock.ts'
import { Failure } from '../lib/error.ts'
import { Secret } from '../lib/secret.ts'
import type { LoginProvider } from '../telemetry/vocabulary.ts'
import { createHttpApiProvider } from './providers/http-api.ts'
import { createOpenidProvider } from './providers/openid.ts'
import { gitlabSite, microsoftSite, oidcSite } from './providers/openid-sites.ts'
import { createPlainOAuthProvider } from './providers/plain-oauth.ts'
import { giteaSite, githubSite } from './providers/plain-oauth-sites.ts'
import type { SiteOptions } from './providers/plain-oauth-sites.ts'
import type { PasswordProvider, RedirectProvider } from './sign-in-provider.ts'

export type SignInSettings = Pick<GlobalSettings, Extract<keyof GlobalSettings, `auth.${string}`>>

export interface SignInDependencies {
  /** Our own passwords. */
  readonly local: PasswordProvider
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** A signal that aborts after so many milliseconds: `AbortSignal.timeout`. */
  readonly deadline: (milliseconds: number) => AbortSignal
  readonly clock: Clock
}

/** Who signs people in here, each list in the configured order. */
export interface SignInProviders {
  readonly password: readonly PasswordProvider[]
  readonly redirect: readonly RedirectProvider[]
}

/** The configured providers; `local` alone when none is. Asks nobody yet. Throws a `Failure` for a missing option. */
export function createSignInProviders(
  settings: SignInSettings,
  dependencies: SignInDependencies,
): SignInProviders {
  const named = settings['auth.providers'] as readonly LoginProvider[]
  const password: PasswordProvider[] = []
  const redirect: RedirectProvider[] = []
  for (const name of named.length === 0 ? (['local'] as const) : named) {
    if (name === 'local') password.push(dependencies.local)
    else if (name === 'http_api') password.push(httpApi(settings, dependencies))
    else redirect.push(redirectProvider(name, settings, dependencies))
  }
  return { password, redirect }
}

function httpApi(settings: SignInSettings, dependencies: SignInDependencies): PasswordProvider {
  const kind = settings['auth.httpApi.auth']
  const url = needed(settings, 'auth.httpApi.url')
  const auth =
    kind === 'none' ? { kind } : { kind, secret: new Secret(needed(settings, 'auth.httpApi.secret')) }
  return createHttpApiProvider({ url, auth }, dependencies)
}

function redirectProvider(
  name: RedirectProvider['name'],
  settings: SignInSettings,
  dependencies: SignInDependencies,
): RedirectProvider {
  const url = needed(settings, name === 'oidc' ? 'auth.oidc.issuer' : `auth.${name}.url`)
  const clientId = needed(settings, `auth.${name}.clientId`)
  const clientSecret = new Secret(needed(settings, `auth.${name}.clientSecret`))
  const site: SiteOptions = { url, clientId, clientSecret }
  switch (name) {
    case 'github':
      return createPlainOAuthProvider(
        githubSite({ ...site, apiUrl: settings['auth.github.apiUrl'] }),
        dependencies,
      )
    case 'gitea':
      return createPlainOAuthProvider(giteaSite(site), dependencies)
    case 'gitlab':
      return createOpenidProvider(gitlabSite(site), dependencies)
    case 'microsoft': {
      const tenant = needed(settings, 'auth.microsoft.tenant')
      return createOpenidProvider(microsoftSite({ ...site, tenant }), dependencies)
    }
    case 'oidc': {
      const [label, scopes] = [settings['auth.oidc.label'], settings['auth.oidc.scopes']]
      return createOpenidProvider(oidcSite({ ...site, label, scopes }), dependencies)
    }
  }
}

/** A checked configuration has it: this is for who builds settings by hand. */
function needed(settings: SignInSettings, key: keyof SignInSettings): string {
  const value = settings[key]
  if (typeof value === 'string') return value
  throw new Failure({ code: 'option_missing', status: 500, message: `${key} is not set`, fix: `set ${key}` })
}
