import type { Consent } from '../oauth/consent.ts'
import { shownScopes } from '../oauth/scopes.ts'
import { accountPage, askedAction, emptyList } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { pageLinks } from './list-page.ts'
import type { ListPage } from './list-page.ts'
import { scopeWords } from './scope-words.ts'
import type { Site } from './site.ts'
import { visibleTime } from './visible-time.ts'

export interface AppsView extends AccountFrame {
  readonly consents: ListPage<Consent>
}

/** What somebody has allowed to act for them, and the way to end each. */
export function appsPage(site: Site, view: AppsView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { consents, token } = view
  const rows = consents.items.map((consent) => appRow(site, consent, token))
  const body = html`<section class="stack" aria-labelledby="title">
    <div>
      <h1 id="title">Apps</h1>
      <p class="lead">What you have allowed to act for you.</p>
    </div>
    ${
      rows.length === 0
        ? emptyList(
            'No app has access',
            'When you connect one, it is listed here, and you can end its access.',
          )
        : html`<ul class="rows">
            ${rows}
          </ul>`
    }
    ${pageLinks(`${site.base}/account/apps`, consents)}
  </section>`
  return accountPage(site, view, 'apps', 'Apps', body)
}

function appRow(site: Site, consent: Consent, token: string): Html {
  const { id, clientName, workspace, resource, scopes, flow, grantedAt, lastUsedAt } = consent
  const asked = shownScopes(scopes).map((scope) => html`<li title="${scope}">${scopeWords(scope)}</li>`)
  return html`<li class="row">
    <div class="stack">
      <div>
        <div class="row-head">
          <h2><bdi>${clientName}</bdi></h2>
          ${flow === 'device_code' && html`<span class="badge">By device code</span>`}
        </div>
        <dl class="row-facts">
          <div>
            <dt>Workspace</dt>
            <dd><bdi>${workspace}</bdi></dd>
          </div>
          <div>
            <dt>Allowed</dt>
            <dd>${visibleTime(grantedAt)}</dd>
          </div>
          <div>
            <dt>Last used</dt>
            <dd>${visibleTime(lastUsedAt)}</dd>
          </div>
          <div class="broad">
            <dt>Server</dt>
            <dd><code>${resource}</code></dd>
          </div>
        </dl>
      </div>
      ${
        asked.length > 0 &&
        html`<ul class="scopes" aria-label="It may">
          ${asked}
        </ul>`
      }
    </div>
    <div class="row-actions">
      ${askedAction({
        label: 'Revoke',
        about: `the access of ${clientName}`,
        action: `${site.base}/account/apps/revoke`,
        token,
        hidden: [['id', id]],
        effect: 'Its next request is refused.',
        confirm: 'Revoke its access',
        danger: true,
      })}
    </div>
  </li>`
}
