import type { ApiKeyStore } from '../identity/api-key-store.ts'
import type { LinkedAccountStore } from '../identity/linked-account-store.ts'
import type { LoginSessions } from '../identity/login-session.ts'
import type { OwnPassword } from '../identity/own-password.ts'
import { sessionCookie } from '../identity/session-cookie.ts'
import type { RedirectProvider } from '../identity/sign-in-provider.ts'
import type { SignInRedirects } from '../identity/sign-in-redirect.ts'
import type { SignIn } from '../identity/sign-in.ts'
import type { Clock } from '../lib/clock.ts'
import type { RandomSource } from '../lib/random.ts'
import type { SealedBox } from '../lib/sealed-box.ts'
import type { Consents } from '../oauth/consent.ts'
import type { Interactions } from '../oauth/interaction.ts'
import type { Log } from '../telemetry/log.ts'
import type { Emit } from '../telemetry/telemetry.ts'
import type { AccountParts } from './account.ts'
import { accountAppsRoutes } from './account-apps.ts'
import { accountKeysRoutes } from './account-keys.ts'
import type { KeyRules } from './account-keys.ts'
import { newKeyRoutes } from './account-new-key.ts'
import { accountPasswordRoutes } from './account-password.ts'
import { accountSessionsRoutes } from './account-sessions.ts'
import { assetRoutes } from './assets.ts'
import { consentRoutes } from './consent.ts'
import { createFormTokens } from './form-token.ts'
import { createIssuedKeyCookie } from './issued-key-cookie.ts'
import type { ShownUpstream } from './key-facts.ts'
import { withOutages } from './page-route.ts'
import type { PageRoute } from './page-route.ts'
import { providerSignInRoutes } from './provider-sign-in.ts'
import { signInRoutes } from './sign-in.ts'
import { signOutRoutes } from './sign-out.ts'
import { createSite } from './site.ts'
import { createVisitCookie } from './visit-cookie.ts'

export interface PagesOptions {
  readonly publicUrl: URL
  /** Makes the tokens of forms, and nothing else: 32 bytes. */
  readonly formKey: Uint8Array
  readonly takesPasswords: boolean
  readonly keys: KeyRules
  readonly upstreams: readonly ShownUpstream[]
}

export interface PagesDependencies {
  readonly loginSessions: LoginSessions
  readonly signIn: SignIn
  readonly redirects: SignInRedirects
  readonly redirectProviders: readonly RedirectProvider[]
  readonly interactions: Interactions
  readonly consents: Consents
  readonly apiKeys: ApiKeyStore
  readonly linkedAccounts: Pick<LinkedAccountStore, 'list'>
  /** Null where there are no passwords of ours. */
  readonly ownPassword: OwnPassword | null
  /** Seals what a cookie carries from one page to the next. */
  readonly box: SealedBox
  readonly limits: AccountParts['limits']
  readonly clock: Clock
  readonly random: RandomSource
  readonly log: Log
  readonly emit: Emit
}

/** Every path of the pages, below publicUrl's. */
export function createPages(options: PagesOptions, dependencies: PagesDependencies): readonly PageRoute[] {
  const { publicUrl, formKey, takesPasswords, keys: rules, upstreams } = options
  const site = createSite(publicUrl)
  const parts = {
    ...dependencies,
    site,
    tokens: createFormTokens(formKey),
    cookie: sessionCookie(publicUrl),
    visit: createVisitCookie(site.secure, dependencies.random),
    issuedKey: createIssuedKeyCookie(site, dependencies),
    takesPasswords,
    rules,
    upstreams,
  }
  const routes = [
    ...signInRoutes(parts),
    ...providerSignInRoutes(parts),
    ...signOutRoutes(parts),
    ...consentRoutes(parts),
    ...accountSessionsRoutes(parts),
    ...accountAppsRoutes(parts),
    ...accountKeysRoutes(parts),
    ...newKeyRoutes(parts),
    ...accountPasswordRoutes(parts),
    ...assetRoutes(site),
  ]
  return routes.map((route) => withOutages(route, dependencies.emit))
}
