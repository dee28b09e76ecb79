import type { DeviceForm, LibraryPages } from '../oauth/interaction.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import { layOut } from './layout.ts'
import { pageFields } from './page-fields.ts'
import { problemSummary } from './problem-summary.ts'
import { problemPage } from './refusal-page.ts'
import type { Site } from './site.ts'

type CodeError = Exclude<Parameters<LibraryPages['deviceCode']>[1], null>

const codeErrors: Readonly<Record<CodeError, string>> = {
  no_code: 'Enter the code that your device shows.',
  not_found: 'No device waits with this code. Compare it letter by letter.',
  expired: 'This code has expired. Start again on your device to get a new one.',
  used: 'This code has been used already. Start again on your device to get a new one.',
  rate_limited: 'Too many codes were tried. Wait a few minutes, then try again.',
}

/** The pages of the device flow (RFC 8628 section 3.3), and the authorization server's own error page. */
export function createLibraryPages(site: Site): LibraryPages {
  const page = (title: string, body: Html) => layOut(site, { title, width: 'narrow', body })
  return {
    fields: ['Cache-Control', 'no-store', ...pageFields()],
    deviceCode(form, error) {
      const title = 'Connect a device'
      const problems = error === null ? [] : [{ text: codeErrors[error], field: 'user_code' }]
      const label = error === null ? title : `Error: ${title}`
      return page(label, codeCard(form, title, problemSummary('The code was not taken', problems)))
    },
    deviceConfirm: (form, client, userCode) =>
      page('Is this your device?', confirmCard(form, client.name, userCode)),
    deviceDone: (outcome) =>
      page(outcome === 'allowed' ? 'Device connected' : 'Nothing connected', done(outcome)),
    error: ({ code, message, requestId }) =>
      layOut(site, problemPage(site, 'This cannot go on', message, requestId, code)),
  }
}

function codeCard(form: DeviceForm, title: string, problem: Html | null): Html {
  return html`<div class="card stack-loose">
    ${problem}
    <div>
      <h1>${title}</h1>
      <p class="lead">Enter the code that your device or your terminal shows.</p>
    </div>
    <form class="stack" method="post" action="${form.action}">
      ${hiddenInputs(form)}
      <div class="field">
        <label for="user_code">Code</label>
        <input
          id="user_code"
          class="code-input mono"
          name="user_code"
          type="text"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          maxlength="32"
          required${problem === null ? html` autofocus` : html` aria-invalid="true" aria-describedby="problem"`}
        />
      </div>
      <button class="button primary full">Go on</button>
    </form>
    <p class="small quiet">
      Never enter a code that somebody sent you: whoever has that device would act in your name.
    </p>
  </div>`
}

function confirmCard(form: DeviceForm, client: string, userCode: string): Html {
  return html`<div class="card stack-loose">
    <div>
      <h1>Is this your device?</h1>
      <p class="lead">
        <strong><bdi>${client}</bdi></strong> wants to connect. Go on only when your device shows this very
        code:
      </p>
    </div>
    <p class="code-input mono" translate="no">${userCode}</p>
    <p class="notice warning">If you did not start this yourself a moment ago, deny it.</p>
    <form method="post" action="${form.action}">
      ${hiddenInputs(form)}
      <div class="actions equal">
        <button class="button" name="abort" value="yes">Deny</button>
        <button class="button primary">It is mine</button>
      </div>
    </form>
  </div>`
}

function done(outcome: 'allowed' | 'denied'): Html {
  return outcome === 'allowed'
    ? html`<div class="card stack">
        <h1>Your device is connected</h1>
        <p>You can close this page and go back to your device.</p>
      </div>`
    : html`<div class="card stack">
        <h1>Nothing was connected</h1>
        <p>The device got no access. You can close this page.</p>
      </div>`
}

function hiddenInputs({ hidden }: DeviceForm): readonly Html[] {
  return hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`)
}
