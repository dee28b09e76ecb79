import type { ConsentRequest } from '../oauth/interaction.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { problemSummary } from './problem-summary.ts'
import { scopeWords } from './scope-words.ts'
import type { Site } from './site.ts'

export interface ConsentView {
  readonly uid: string
  readonly token: string
  readonly email: string
  readonly request: ConsentRequest
  readonly problem?: string
}

/** "May this client act for you?" Enter alone means no: the first button of the form is the one that refuses. */
export function consentPage(site: Site, view: ConsentView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { uid, token, email, request, problem } = view
  const { client, workspaces } = request
  const problems = problem === undefined ? [] : [{ text: problem, field: 'workspace-0' }]
  const body = html`<div class="card stack-loose">
    ${problemSummary('Nothing was allowed yet', problems)}
    <div>
      <h1>Connect <bdi>${client.name}</bdi>?</h1>
      <p class="lead">It asks to act for you at <bdi>${site.host}</bdi>.</p>
    </div>
    ${warnings(request)} ${whoAsks(request)} ${whatFor(request)}
    <form class="stack-loose" method="post" action="${site.base}/consent/${encodeURIComponent(uid)}">
      <input type="hidden" name="token" value="${token}" />
      ${workspaces.length === 0 ? noWorkspace : workspaceChoice(workspaces)}
      <div class="actions equal">
        <button class="button" name="answer" value="deny" formnovalidate>Deny</button>
        ${workspaces.length > 0 && html`<button class="button primary" name="answer" value="allow">Allow</button>`}
      </div>
    </form>
    <p class="small quiet">
      Signed in as <bdi>${email}</bdi>.
      <a href="${site.base}/login?switch=1&amp;next=/consent/${encodeURIComponent(uid)}"
        >Use another account</a
      >
    </p>
    <p class="small quiet">
      You can end this access at any time under <a href="${site.base}/account/apps">Apps</a> in your account.
    </p>
  </div>`
  const title = problem === undefined ? 'Connect an app' : 'Error: nothing was allowed yet'
  return { title, width: 'narrow', body, formAction: request.formAction }
}

const noWorkspace: Html = html`<p class="notice warning">
  None of your workspaces has access to what it asks for. An administrator can add you to one.
</p>`

function whoAsks({ client, redirectHost }: ConsentRequest): Html | null {
  if (client.documentHost === null && redirectHost === null) return null
  return html`<dl class="facts">
    ${
      client.documentHost !== null &&
      html`<dt>Published by</dt>
        <dd>
          <strong><bdi>${client.documentHost}</bdi></strong>
        </dd>`
    }
    ${
      redirectHost !== null &&
      html`<dt>Returns to</dt>
        <dd>
          <strong><bdi>${redirectHost}</bdi></strong>
        </dd>`
    }
  </dl>`
}

function whatFor({ scopes, upstreams }: ConsentRequest): Html {
  const asks = scopes.map(
    (scope) => html`<li>${scopeWords(scope)} <code class="quiet small">${scope}</code></li>`,
  )
  const names = upstreams.map((name) => html`<li><code>${name}</code></li>`)
  return html`<section class="stack" aria-labelledby="asks">
    <h2 id="asks">It could</h2>
    <ul class="asks">
      ${asks.length === 0 ? html`<li>Call the tools of the servers below</li>` : asks}
    </ul>
    <h2 id="where">${upstreams.length === 1 ? 'On this server' : 'On these servers'}</h2>
    <ul class="scopes" aria-labelledby="where">
      ${names}
    </ul>
  </section>`
}

function warnings({ localOnly, redirectHost }: ConsentRequest): Html | null {
  if (redirectHost === null)
    return html`<p class="notice warning">
      <strong>Only allow this if you entered the code of a device of your own.</strong> Never enter a code
      that somebody sent you.
    </p>`
  if (localOnly)
    return html`<p class="notice warning">
      <strong>Only allow this if you have just started the app yourself.</strong> It runs on this device, and
      any program here could claim its name.
    </p>`
  return null
}

function workspaceChoice(workspaces: readonly string[]): Html {
  const [only] = workspaces
  if (workspaces.length === 1 && only !== undefined)
    return html`<div>
      <h2>In your workspace</h2>
      <p><bdi>${only}</bdi></p>
      <input type="hidden" name="workspace" value="${only}" />
    </div>`
  const choices = workspaces.map(
    (name, place) =>
      html`<div class="choice">
        <input id="workspace-${place}" type="radio" name="workspace" value="${name}" required />
        <label for="workspace-${place}"><bdi>${name}</bdi></label>
      </div>`,
  )
  return html`<fieldset class="choices boxed">
    <legend>In which workspace?</legend>
    <p class="hint">It sees the data of this one alone.</p>
    <div class="choices boxed">${choices}</div>
  </fieldset>`
}
