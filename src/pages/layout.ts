import { html } from './html.ts'
import type { Html } from './html.ts'
import { logo } from './logo.ts'
import type { Site } from './site.ts'

/** What one page consists of. */
export interface Page {
  /** In the tab; begins with what differs. */
  readonly title: string
  /** `narrow` for one question in a card, `wide` for lists. */
  readonly width: 'narrow' | 'wide'
  readonly body: Html
  /** On the right of the head: who is signed in. */
  readonly who?: Html
  /** Loads the script that adds copy buttons. */
  readonly script?: boolean
  /** Where the browser goes by itself, at once. */
  readonly goesOnTo?: URL
}

/** A whole document. */
export function layOut(site: Site, { title, width, body, who, script = false, goesOnTo }: Page): string {
  const { base, style, icon } = site
  return `<!doctype html>\n${String(
    html`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        ${goesOnTo !== undefined && html`<meta http-equiv="refresh" content="0;url=${goesOnTo.href}" />`}
        <title>${title} · Sallyport</title>
        <link rel="icon" type="image/svg+xml" href="${base}${icon.path}" />
        <link rel="stylesheet" href="${base}${style.path}" />
        ${script && html`<script src="${base}${site.script.path}" defer></script>`}
      </head>
      <body>
        <a class="skip" href="#content">Skip to content</a>
        <header class="head">
          <a class="brand" href="${base}/account">${logo}<span>Sallyport</span></a>
          ${who ?? null}
        </header>
        <main id="content" class="${width}" tabindex="-1">${body}</main>
        <footer class="foot">You are at <bdi>${site.host}</bdi></footer>
      </body>
    </html> `,
  )}`
}

/** Who is signed in, and the way out; on pages that are theirs alone. */
export function signedInAs(site: Site, email: string, token: string): Html {
  return html`<div class="who">
    <span>Signed in as <bdi>${email}</bdi></span>
    <form method="post" action="${site.base}/logout">
      <input type="hidden" name="token" value="${token}" /><button class="button plain">Sign out</button>
    </form>
  </div>`
}

/** A message about what was just done; `role="status"` has it read out. */
export function noticeOf(text: string): Html {
  return html`<p class="notice" role="status">${text}</p>`
}
