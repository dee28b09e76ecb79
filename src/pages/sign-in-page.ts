import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { noticeOf } from './layout.ts'
import { problemSummary } from './problem-summary.ts'
import type { Site } from './site.ts'

/** A provider with a page of its own. */
export interface ProviderButton {
  readonly name: string
  /** What stands after "Sign in with". */
  readonly label: string
}

export interface SignInView {
  /** Whether address and password are taken here. */
  readonly password: boolean
  readonly providers: readonly ProviderButton[]
  readonly token: string
  readonly next: string
  /** The client that waits for the sign-in; null when none does. */
  readonly client: string | null
  readonly email?: string
  readonly remember?: boolean
  readonly problem?: string
  readonly notice?: string
}

const titleOfProblem = 'You are not signed in'

/** Sign-in: address and password, a button for each provider, or both. */
export function signInPage(site: Site, view: SignInView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { client, providers, password, problem, notice } = view
  const both = password && providers.length > 0
  const body = html`<div class="card stack-loose">
    ${notice !== undefined && noticeOf(notice)}
    ${problemSummary(titleOfProblem, problem === undefined ? [] : [{ text: problem }])}
    <div>
      <h1>Sign in</h1>
      <p class="lead">
        ${client === null ? null : html`to connect <strong><bdi>${client}</bdi></strong> `}${client === null ? 'to' : 'with'}
        <bdi>${site.host}</bdi>
      </p>
    </div>
    ${password && passwordForm(site, view)} ${both && html`<p class="or">or</p>`}
    ${providers.length > 0 && providerButtons(site, view)}
    ${!password && providers.length === 0 && html`<p>No way to sign in is set up here. An operator can name one in <code>auth.providers</code>.</p>`}
  </div>`
  return { title: problem === undefined ? 'Sign in' : `Error: ${titleOfProblem}`, width: 'narrow', body }
}

function passwordForm(site: Site, { token, next, email = '', remember, problem }: SignInView): Html {
  const fresh = problem === undefined
  return html`<form class="stack" method="post" action="${site.base}/login">
    <input type="hidden" name="token" value="${token}" />
    <input type="hidden" name="next" value="${next}" />
    <div class="field">
      <label for="email">E-mail address</label>
      <input
        id="email"
        name="email"
        type="email"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        maxlength="254"
        required
        value="${email}"
        ${fresh && html` autofocus`}
      />
    </div>
    <div class="field">
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        maxlength="1024"
        required
      />
    </div>
    <div class="choice">
      <input
        id="remember"
        name="remember"
        type="checkbox"
        value="yes"
        ${remember === true && html` checked`}
      />
      <label for="remember">Keep me signed in <span class="hint">on this device</span></label>
    </div>
    <button class="button primary full">Sign in</button>
  </form>`
}

function providerButtons(site: Site, { providers, next }: SignInView): Html {
  const links = providers.map(
    ({ name, label }) =>
      html`<li>
        <a
          class="button full"
          href="${site.base}/login/begin/${encodeURIComponent(name)}?next=${encodeURIComponent(next)}"
          >Sign in with ${label}</a
        >
      </li>`,
  )
  return html`<ul class="stack">
    ${links}
  </ul>`
}
