import { clientSnippetsFor } from '../mcp/client-snippet.ts'
import { accountPage } from './account-page.ts'
import type { AccountFrame } from './account-page.ts'
import type { PageAnswer } from './answer-page.ts'
import { html } from './html.ts'
import type { Html } from './html.ts'
import type { IssuedKeyFacts } from './issued-key-cookie.ts'
import type { Site } from './site.ts'
import { visibleTime } from './visible-time.ts'

/** The key itself is there, too: this page is the only place it is ever shown. */
type IssuedKeyView = AccountFrame & IssuedKeyFacts

/** A key at the moment it was made, with what the common clients need of it. */
export function issuedKeyPage(site: Site, view: IssuedKeyView): Omit<PageAnswer, 'status' | 'cookies'> {
  const { key, url, expiresAt, formerEndsAt } = view
  const snippets = clientSnippetsFor({ url, apiKey: key }).map(({ title, text }) => snippet(title, text))
  const body = html`<div class="card stack-loose">
    <div>
      <h1>Your new key</h1>
      <p class="lead">
        ${expiresAt === null ? 'It does not expire.' : html`It expires on ${visibleTime(expiresAt)}.`}
      </p>
    </div>
    <p class="notice warning" role="status">
      <strong>Copy it now.</strong> It is shown this once and kept nowhere.
    </p>
    <div class="copyable">
      <pre class="secret mono" data-copy="the key" translate="no" tabindex="0" aria-label="The key">
${key}</pre>
    </div>
    ${formerEndsAt !== null && html`<p>The key it follows works until ${visibleTime(formerEndsAt)}.</p>`}
    <section class="stack" aria-labelledby="connect">
      <h2 id="connect">Connect a client</h2>
      ${snippets}
    </section>
    <p><a class="button" href="${site.base}/account/keys">Back to your keys</a></p>
  </div>`
  return accountPage(site, view, 'keys', 'Your new key', body)
}

function snippet(title: string, text: string): Html {
  return html`<details>
    <summary>${title}</summary>
    <div class="copyable">
      <pre class="mono" data-copy="this" translate="no" tabindex="0" aria-label="${title}">${text}</pre>
    </div>
  </details>`
}
