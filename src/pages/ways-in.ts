import type { LinkedAccount } from '../identity/linked-account-store.ts'
import type { LoginProvider } from '../telemetry/vocabulary.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'

/** What people know the providers as. */
export const providerNames: Readonly<Record<LoginProvider, string>> = {
  local: 'Password',
  http_api: 'Company account',
  github: 'GitHub',
  gitea: 'Gitea',
  gitlab: 'GitLab',
  microsoft: 'Microsoft',
  oidc: 'Single sign-on',
}

/** How somebody signs in: with a password of ours, and with accounts elsewhere, each with the host that has it. */
export function waysIn(hasPassword: boolean, linked: readonly LinkedAccount[]): Html {
  const ways = linked.map(({ provider, issuer }) => {
    const host = URL.parse(issuer)?.host ?? ''
    return html`<li>
      ${providerNames[provider]}${host !== '' && html` <bdi class="quiet small">${host}</bdi>`}
    </li>`
  })
  if (hasPassword) ways.unshift(html`<li>${providerNames.local}</li>`)
  return ways.length === 0
    ? html`<p class="quiet">Nothing is set up that could sign you in again. Ask an administrator.</p>`
    : html`<ul class="scopes">
        ${ways}
      </ul>`
}
