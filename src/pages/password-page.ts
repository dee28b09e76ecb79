import type { LinkedAccount } from '../identity/linked-account-store.ts'
import type { PasswordState } from '../identity/own-password.ts'
import { passwordRule } from '../identity/password.ts'
import { accountPage } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { passwordPath } from './next-path.ts'
import { problemSummary } from './problem-summary.ts'
import type { Problem } from './problem-summary.ts'
import type { Site } from './site.ts'
import { waysIn } from './ways-in.ts'

export interface PasswordView extends AccountFrame {
  readonly state: PasswordState
  /** Where they go who had to choose one first. */
  readonly next: string
  readonly linked: readonly LinkedAccount[]
  readonly problem: Problem | null
}

/** One's own password: changed with the one there is, chosen after a one-time one, or none of this page's business. */
export function passwordPage(site: Site, view: PasswordView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { state, problem } = view
  const heading = state === 'due' ? 'Choose your password' : 'Password'
  const body =
    state === 'none'
      ? noPassword(view)
      : html`<div class="card stack-loose measure">
          ${problemSummary('The password was not changed', problem === null ? [] : [problem])}
          <div>
            <h1>${heading}</h1>
            <p class="lead">
              ${state === 'due' ? 'The one you signed in with was good for one time, and is used up.' : 'Changing it signs you out everywhere but here. Your apps and keys keep their access.'}
            </p>
          </div>
          ${form(site, view)}
        </div>`
  const title = problem === null ? heading : 'Error: the password was not changed'
  return accountPage(site, view, 'password', title, body)
}

function form(site: Site, { token, email, next, state, problem }: PasswordView): Html {
  // The address is for password managers, which else would not know whose password it is.
  return html`<form class="stack" method="post" action="${site.base}${passwordPath}">
    <input type="hidden" name="token" value="${token}" />
    <input type="hidden" name="next" value="${next}" />
    <input type="text" name="username" autocomplete="username" value="${email}" readonly hidden />
    ${state === 'set' && passwordField('current', 'Current password', 'current-password', problem)}
    ${passwordField('chosen', 'New password', 'new-password', problem, passwordRule)}
    <button class="button primary">${state === 'due' ? 'Set the password' : 'Change the password'}</button>
  </form>`
}

function passwordField(
  name: 'current' | 'chosen',
  label: string,
  autocomplete: string,
  problem: Problem | null,
  hint?: string,
): Html {
  return html`<div class="field">
    <label for="${name}">${label}</label>
    <input
      id="${name}"
      name="${name}"
      type="password"
      autocomplete="${autocomplete}"
      maxlength="1024"
      required
      ${hint !== undefined && html` aria-describedby="${name}-hint"`}${problem?.field === name && html` aria-invalid="true"`}
    />
    ${hint !== undefined && html`<p class="hint" id="${name}-hint">${hint}</p>`}
  </div>`
}

function noPassword({ linked }: PasswordView): Html {
  return html`<section class="stack measure" aria-labelledby="title">
    <h1 id="title">Password</h1>
    <p>
      Your account has no password here. So that nobody who gets hold of your browser can make a way in of
      their own, this page gives it none: an administrator can.
    </p>
    <h2>How you sign in</h2>
    ${waysIn(false, linked)}
  </section>`
}
