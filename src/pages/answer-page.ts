import type { Received } from '../gateway/received.ts'
import { layOut } from './layout.ts'
import type { Page } from './layout.ts'
import { pageFields } from './page-fields.ts'
import type { PageRights } from './page-fields.ts'
import type { Site } from './site.ts'

export interface PageAnswer extends Page, Omit<PageRights, 'script'> {
  /** Default 200. */
  readonly status?: number
  /** `Set-Cookie` values. */
  readonly cookies?: readonly string[]
  /** More response fields: name, value … */
  readonly fields?: readonly string[]
}

/** Answers with a page. `HEAD` gets the same head. */
export function answerPage(
  { response, head, requestId, request }: Received,
  site: Site,
  answer: PageAnswer,
): null {
  const bytes = Buffer.from(layOut(site, answer))
  const fields = ['Content-Type', 'text/html; charset=utf-8', 'Content-Length', String(bytes.length)]
  fields.push(...pageFields(answer), ...commonFields(requestId, answer.cookies), ...(answer.fields ?? []))
  if (!request.complete) fields.push('Connection', 'close')
  response.writeHead(answer.status ?? 200, fields)
  response.end(head.method === 'HEAD' ? undefined : bytes)
  return null
}

/** Sends the browser on with a GET, whatever brought it here (303). `to` is a path below the site's base, or a URL. */
export function sendOn(
  { response, requestId }: Received,
  site: Site,
  to: string | URL,
  cookies: readonly string[] = [],
): null {
  const location = typeof to === 'string' ? `${site.base}${to}` : to.href
  response.writeHead(303, [
    'Location',
    location,
    'Content-Length',
    '0',
    ...pageFields(),
    ...commonFields(requestId, cookies),
  ])
  response.end()
  return null
}

function commonFields(requestId: string, cookies: readonly string[] = []): string[] {
  return [
    'Cache-Control',
    'no-store',
    'X-Request-Id',
    requestId,
    ...cookies.flatMap((cookie) => ['Set-Cookie', cookie]),
  ]
}
