import { accountPage } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { problemSummary } from './problem-summary.ts'
import type { Problem } from './problem-summary.ts'
import { scopeWords } from './scope-words.ts'
import type { Site } from './site.ts'

export interface NewKeyView extends AccountFrame {
  /** Those of the user; the form is for one of them. */
  readonly workspaces: readonly string[]
  readonly workspace: string
  readonly scopes: readonly string[]
  readonly upstreams: readonly string[]
  readonly days: readonly number[]
  readonly chosen: {
    readonly name: string
    readonly scopes: readonly string[]
    readonly upstreams: readonly string[]
    readonly days: number
  }
  readonly problems: readonly Problem[]
}

/** The form that makes a key. With several workspaces, the one it is for is chosen first: it says what can be had. */
export function newKeyPage(site: Site, view: NewKeyView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { token, workspace, workspaces, days, chosen, problems } = view
  const nameProblem = problems.find(({ field }) => field === 'name')
  const body = html`<div class="card stack-loose">
    ${problemSummary('The key was not made', problems)}
    <div>
      <h1>Create a key</h1>
      <p class="lead">Whoever has it can act as you, within what you choose here.</p>
    </div>
    ${workspaces.length > 1 && workspaceLinks(site, view)}
    <form class="stack-loose" method="post" action="${site.base}/account/keys/new">
      <input type="hidden" name="token" value="${token}" />
      <input type="hidden" name="workspace" value="${workspace}" />
      <div class="columns">
        <div class="field">
          <label for="name">Name</label>
          <input
            id="name"
            name="name"
            type="text"
            maxlength="100"
            required
            autocomplete="off"
            value="${chosen.name}"
            aria-describedby="name-hint"
            ${nameProblem !== undefined && html` aria-invalid="true"`}
          />
          <p class="hint" id="name-hint">What it is for, such as “build server”.</p>
        </div>
        <div class="field">
          <label for="days">Expires</label>
          <select id="days" name="days">
            ${days.map((count) => html`<option value="${count}" ${count === chosen.days && html` selected`}>in ${count} ${count === 1 ? 'day' : 'days'}</option>`)}
          </select>
        </div>
      </div>
      ${choices('scopes', 'It may', 'Choose no more than it needs.', view.scopes, chosen.scopes, scopeLabel)}
      ${choices('upstreams', 'On these servers', 'With none chosen: all that are open to the workspace.', view.upstreams, chosen.upstreams, codeLabel)}
      <div class="actions">
        <button class="button primary">Create the key</button>
        <a class="button" href="${site.base}/account/keys">Cancel</a>
      </div>
    </form>
  </div>`
  return accountPage(
    site,
    view,
    'keys',
    problems.length === 0 ? 'Create a key' : 'Error: the key was not made',
    body,
  )
}

function workspaceLinks(site: Site, { workspaces, workspace }: NewKeyView): Html {
  const links = workspaces.map(
    (name) =>
      html`<a
        href="${site.base}/account/keys/new?workspace=${encodeURIComponent(name)}"
        ${name === workspace && html` aria-current="true"`}
        ><bdi>${name}</bdi></a
      >`,
  )
  return html`<div>
    <p class="quiet small" id="in-workspace">In which workspace?</p>
    <nav class="tabs" aria-labelledby="in-workspace">${links}</nav>
  </div>`
}

function choices(
  field: string,
  legend: string,
  hint: string,
  offered: readonly string[],
  chosen: readonly string[],
  label: (value: string) => Html,
): Html | null {
  if (offered.length === 0) return null
  const boxes = offered.map(
    (value, place) =>
      html`<div class="choice">
        <input
          id="${field}-${place}"
          type="checkbox"
          name="${field}"
          value="${value}"
          ${chosen.includes(value) && html` checked`}
        />
        <label for="${field}-${place}">${label(value)}</label>
      </div>`,
  )
  return html`<fieldset aria-describedby="${field}-hint">
    <legend>${legend}</legend>
    <p class="hint" id="${field}-hint">${hint}</p>
    ${boxes}
  </fieldset>`
}

const scopeLabel = (scope: string) => html`${scopeWords(scope)} <code class="quiet small">${scope}</code>`
const codeLabel = (name: string) => html`<code>${name}</code>`
