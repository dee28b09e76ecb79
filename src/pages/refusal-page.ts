import type { Received } from '../gateway/received.ts'
import { refusals } from '../gateway/refusal.ts'
import type { Refusal, RefusalReason } from '../gateway/refusal.ts'
import type { RefusalDocument } from '../gateway/refuse.ts'
import { html } from './html.ts'
import { layOut } from './layout.ts'
import type { Page } from './layout.ts'
import { pageFields } from './page-fields.ts'
import { createSite } from './site.ts'
import type { Site } from './site.ts'
import { visibleSpan } from './visible-time.ts'

/** A page that says what went wrong, and what whoever runs this can find it by. */
export function problemPage(
  site: Site,
  heading: string,
  text: string,
  requestId: string,
  code: string,
): Page {
  const body = html`<div class="card stack">
    <h1>${heading}</h1>
    <p>${text}</p>
    <p><a class="button" href="${site.base}/account">Go to your account</a></p>
    <dl class="facts small quiet">
      <dt>Error</dt>
      <dd><code>${code}</code></dd>
      <dt>Request id</dt>
      <dd><code>${requestId}</code></dd>
    </dl>
  </div>`
  return { title: heading, width: 'narrow', body }
}

const headings: Partial<Readonly<Record<RefusalReason, string>>> = {
  csrf_failed: 'Please send that again',
  not_found: 'There is nothing here',
  rate_limited: 'Too many attempts',
  origin_rejected: 'This request came from elsewhere',
  store_unavailable: 'We will be back in a moment',
  shutting_down: 'We will be back in a moment',
  internal: 'Something went wrong here',
}

const texts: Partial<Readonly<Record<RefusalReason, string>>> = {
  csrf_failed:
    'The form was too old, or was not sent from a page of ours. Go back, reload that page and send it again.',
  unsupported_media_type: 'A form of this page is sent as application/x-www-form-urlencoded.',
  body_missing: 'The form did not arrive.',
  ambiguous_key: 'A field of the form was sent twice.',
  body_too_large: 'The form is larger than this page accepts.',
  store_unavailable: 'Our store cannot be reached just now. Nothing was changed. Try again soon.',
}

/**
 * Words the refusals of pages for the listener; null where the sender would rather have JSON. They say nothing but what
 * the reason is: details are for the log.
 */
export function createRefusalPages(publicUrl: URL) {
  const site = createSite(publicUrl)
  return ({ request, requestId }: Received, refusal: Refusal): RefusalDocument | null =>
    prefersJson(request.headers.accept) ? null : renderRefusalPage(site, refusal, requestId)
}

/** The page for a refused request. */
export function renderRefusalPage(
  site: Site,
  { refused, limit }: Refusal,
  requestId: string,
): RefusalDocument {
  const heading = headings[refused] ?? 'This cannot be done'
  const wait = limit === undefined ? null : visibleSpan(limit.decision.retryAfterSeconds)
  const text =
    wait === null
      ? (texts[refused] ?? refusals[refused].message)
      : `There were too many attempts. Wait ${wait}, then try again.`
  return {
    contentType: 'text/html; charset=utf-8',
    body: layOut(site, problemPage(site, heading, text, requestId, refused)),
    fields: [...pageFields(), 'Vary', 'Accept'],
  }
}

/** Whether the sender asked for JSON before HTML: a program, not a browser (RFC 9110 section 12.5.1). */
export function prefersJson(accept: string | undefined): boolean {
  const { json, html: page } = weightsOf(accept)
  return json > page
}

/** Whether the sender asked for HTML by name, before JSON: a browser. */
export function prefersHtml(accept: string | undefined): boolean {
  const { json, html: page } = weightsOf(accept)
  return page > 0 && page >= json
}

function weightsOf(accept = ''): { readonly json: number; readonly html: number } {
  const weights = accept.split(',').map((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    const weight = Number(parameters.find((part) => part.startsWith('q='))?.slice(2) ?? 1)
    return { type, weight: Number.isFinite(weight) ? weight : 0 }
  })
  const of = (type: string) =>
    Math.max(0, ...weights.filter((one) => one.type === type).map(({ weight }) => weight))
  return { json: of('application/json'), html: Math.max(of('text/html'), of('text/*')) }
}
