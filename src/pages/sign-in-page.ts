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
    ${keepSignedIn('remember', remember)}
    <button class="button primary full">Sign in</button>
  </form>`
}

/** One form for all of them, so that "keep me signed in" goes along; each button has an address of its own. */
function providerButtons(site: Site, { providers, next, remember }: SignInView): Html {
  const begin = (name: string) => `${site.base}/login/begin/${encodeURIComponent(name)}`
  const buttons = providers.map(
    ({ name, label }) =>
      html`<li><button class="button full" formaction="${begin(name)}">Sign in with ${label}</button></li>`,
  )
  return html`<form class="stack" method="get" action="${begin(providers[0]?.name ?? '')}">
    <input type="hidden" name="by" value="form" />
    <input type="hidden" name="next" value="${next}" />
    ${keepSignedIn('remember-there', remember)}
    <ul class="stack">
      ${buttons}
    </ul>
  </form>`
}

function keepSignedIn(id: string, remember: boolean | undefined): Html {
  return html`<div class="choice">
    <input id="${id}" name="remember" type="checkbox" value="yes" ${remember === true && html` checked`} />
    <label for="${id}">Keep me signed in <span class="hint">on this device</span></label>
  </div>`
}
