import type { LinkedAccount } from '../identity/linked-account-store.ts'
import type { LoginSession } from '../identity/login-session.ts'
import { accountPage, askedAction } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { pageLinks } from './list-page.ts'
import type { ListPage } from './list-page.ts'
import type { Site } from './site.ts'
import { visibleTime } from './visible-time.ts'
import { providerNames, waysIn } from './ways-in.ts'

export interface SessionsView extends AccountFrame {
  readonly sessions: ListPage<LoginSession>
  /** The session this very page was asked with. */
  readonly currentId: string
  /** Whether they have a password of ours, and their accounts elsewhere. */
  readonly hasPassword: boolean
  readonly linked: readonly LinkedAccount[]
}

/** Where somebody is signed in: every device, and the way to end each. */
export function sessionsPage(site: Site, view: SessionsView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { sessions, currentId, token } = view
  const rows = sessions.items.map((session) => sessionRow(site, session, session.id === currentId, token))
  const body = html`<div class="stack-loose">
    <section class="stack" aria-labelledby="title">
      <div class="section-head">
        <div>
          <h1 id="title">Sessions</h1>
          <p class="lead">The browsers and devices you are signed in on.</p>
        </div>
        ${sessions.total > 1 && endOthers(site, token)}
      </div>
      <ul class="rows">
        ${rows}
      </ul>
      ${pageLinks(`${site.base}/account`, sessions)}
    </section>
    <section class="stack" aria-labelledby="ways">
      <h2 id="ways">How you sign in</h2>
      ${waysIn(view.hasPassword, view.linked)}
    </section>
  </div>`
  return accountPage(site, view, 'sessions', 'Sessions', body)
}

function sessionRow(site: Site, session: LoginSession, isCurrent: boolean, token: string): Html {
  const { id, deviceName, provider, address, startedAt, lastSeenAt, remembered } = session
  return html`<li class="row">
    <div>
      <div class="row-head">
        <h2><bdi>${deviceName}</bdi></h2>
        ${isCurrent && html`<span class="badge here">This device</span>`}${remembered && html`<span class="badge">Kept signed in</span>`}
      </div>
      <dl class="row-facts">
        <div>
          <dt>Signed in with</dt>
          <dd>${providerNames[provider]}</dd>
        </div>
        <div>
          <dt>Address</dt>
          <dd><bdi>${address}</bdi></dd>
        </div>
        <div>
          <dt>Started</dt>
          <dd>${visibleTime(startedAt)}</dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>${visibleTime(lastSeenAt)}</dd>
        </div>
      </dl>
    </div>
    <div class="row-actions">${isCurrent ? signOut(site, token) : endOne(site, id, deviceName, token)}</div>
  </li>`
}

function signOut(site: Site, token: string): Html {
  return html`<form method="post" action="${site.base}/logout">
    <input type="hidden" name="token" value="${token}" /><button class="button">Sign out</button>
  </form>`
}

function endOne(site: Site, id: string, deviceName: string, token: string): Html {
  return askedAction({
    label: 'End',
    about: `the session of ${deviceName}`,
    action: `${site.base}/account/sessions/end`,
    token,
    hidden: [['id', id]],
    effect: 'That browser is signed out at once.',
    confirm: 'End it',
    danger: true,
    more: appsToo(`apps-${id}`),
  })
}

function endOthers(site: Site, token: string): Html {
  return askedAction({
    label: 'End all others',
    about: '',
    action: `${site.base}/account/sessions/end-others`,
    token,
    hidden: [],
    effect: 'Every browser but this one is signed out at once.',
    confirm: 'End them all',
    danger: true,
    more: appsToo('apps-of-all'),
  })
}

/** Apps live on when a session ends: ending their access is a choice of its own. */
function appsToo(id: string): Html {
  return html`<div class="choice small">
    <input id="${id}" type="checkbox" name="apps" value="yes" /><label for="${id}"
      >Sign out my apps too, all of them</label
    >
  </div>`
}
