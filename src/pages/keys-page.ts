import type { ApiKey } from '../identity/api-key.ts'
import { accountPage, askedAction, emptyList } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { keyState } from './key-facts.ts'
import type { KeyState } from './key-facts.ts'
import { pageLinks } from './list-page.ts'
import type { ListPage } from './list-page.ts'
import type { Site } from './site.ts'
import { visibleTime } from './visible-time.ts'

export interface KeysView extends AccountFrame {
  readonly keys: ListPage<ApiKey>
  readonly now: number
  readonly graceHours: number
  /** How many count against the most there may be. */
  readonly active: number
  readonly most: number
}

/** The keys of a user: what each may do, and the ways to rotate and revoke it. */
export function keysPage(site: Site, view: KeysView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { keys, active, most } = view
  const rows = keys.items.map((key) => keyRow(site, key, view))
  const create = html`<a class="button primary" href="${site.base}/account/keys/new">Create a key</a>`
  const body = html`<section class="stack" aria-labelledby="title">
    <div class="section-head">
      <div>
        <h1 id="title">Keys</h1>
        <p class="lead">For programs that act as you without a browser. ${active} of ${most} in use.</p>
      </div>
      ${active < most ? create : html`<p class="quiet">Revoke one to make another.</p>`}
    </div>
    ${
      rows.length === 0
        ? emptyList('You have no key', 'Apps that open a browser need none.')
        : html`<ul class="rows">
            ${rows}
          </ul>`
    }
    ${pageLinks(`${site.base}/account/keys`, keys)}
  </section>`
  return accountPage(site, view, 'keys', 'Keys', body)
}

const badges: Readonly<Record<KeyState, Html>> = {
  active: html`<span class="badge here">Active</span>`,
  replaced: html`<span class="badge late">Replaced, works until it expires</span>`,
  expired: html`<span class="badge">Expired</span>`,
  revoked: html`<span class="badge">Revoked</span>`,
}

function keyRow(site: Site, key: ApiKey, view: KeysView): Html {
  const state = keyState(key, view.now)
  const { id, name, workspace, scopes, upstreams, createdAt, expiresAt, lastUsedAt, revokedAt } = key
  return html`<li class="row">
    <div class="stack">
      <div>
        <div class="row-head">
          <h2><bdi>${name}</bdi></h2>
          ${badges[state]}
        </div>
        <dl class="row-facts">
          <div>
            <dt>Begins with</dt>
            <dd><code>sp_${id}</code></dd>
          </div>
          <div>
            <dt>Workspace</dt>
            <dd><bdi>${workspace}</bdi></dd>
          </div>
          <div>
            <dt>Servers</dt>
            <dd>${upstreams.length === 0 ? 'all' : html`<code>${upstreams.join(', ')}</code>`}</dd>
          </div>
          <div>
            <dt>Created</dt>
            <dd>${visibleTime(createdAt)}</dd>
          </div>
          <div>
            <dt>Last used</dt>
            <dd>${visibleTime(lastUsedAt)}</dd>
          </div>
          ${
            revokedAt === null
              ? html`<div>
                  <dt>Expires</dt>
                  <dd>${visibleTime(expiresAt)}</dd>
                </div>`
              : html`<div>
                  <dt>Revoked</dt>
                  <dd>${visibleTime(revokedAt)}</dd>
                </div>`
          }
        </dl>
      </div>
      ${
        scopes.length > 0 &&
        html`<ul class="scopes" aria-label="Scopes">
          ${scopes.map((scope) => html`<li><code>${scope}</code></li>`)}
        </ul>`
      }
    </div>
    <div class="row-actions">
      ${(state === 'active' || state === 'replaced') && keyActions(site, key, state, view)}
    </div>
  </li>`
}

function keyActions(site: Site, { id, name }: ApiKey, state: KeyState, view: KeysView): Html {
  const { token, graceHours } = view
  const about = `the key ${name}`
  const rotate = askedAction({
    label: 'Rotate',
    about,
    action: `${site.base}/account/keys/rotate`,
    token,
    hidden: [['id', id]],
    effect: `You get a new key with the same rights. This one works for ${graceHours} more hours.`,
    confirm: 'Make its successor',
    danger: false,
  })
  const revoke = askedAction({
    label: 'Revoke',
    about,
    action: `${site.base}/account/keys/revoke`,
    token,
    hidden: [['id', id]],
    effect: 'Its next call is refused. This cannot be undone.',
    confirm: 'Revoke it',
    danger: true,
  })
  return html`${state === 'active' && rotate}${revoke}`
}
