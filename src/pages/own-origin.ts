import type { Received } from '../gateway/received.ts'
import type { Site } from './site.ts'

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Whether a form was sent from a page of ours, as far as the browser says: `Origin` and `Sec-Fetch-Site` are ours when
 * they are there. The guard before this lets `allowedOrigins` pass, which are for MCP and not for forms.
 */
export function isFromOurPage({ head, request }: Received, { publicUrl }: Site): boolean {
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false
  const { origin, host } = head
  if (origin === undefined || origin.toLowerCase() === publicUrl.origin) return true
  // On loopback the page may be open under another of its names: then the form must go to that same one.
  if (!loopbackNames.has(publicUrl.hostname) || !URL.canParse(origin)) return false
  const from = new URL(origin)
  return loopbackNames.has(from.hostname) && from.host === host?.toLowerCase()
}
