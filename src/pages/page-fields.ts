/** What a page may do besides showing itself. */
export interface PageRights {
  /** Origins or schemes, besides our own, that a form's answer may lead to: where a client waits for the browser. */
  readonly formAction?: readonly string[]
  /** Whether it loads our script. */
  readonly script?: boolean
}

/**
 * The response fields of every page. `form-action` names the client's redirect, or the browser blocks the way back to
 * it (T53); `same-origin`, because `no-referrer` would send our own forms with `Origin: null`.
 */
export function pageFields({ formAction = [], script = false }: PageRights = {}): string[] {
  const policy = [
    `default-src 'none'`,
    `style-src 'self'`,
    `img-src 'self' data:`,
    `script-src ${script ? `'self'` : `'none'`}`,
    `form-action ${["'self'", ...formAction.flatMap(sourceOf)].join(' ')}`,
    `frame-ancestors 'none'`,
    `base-uri 'none'`,
  ]
  return [
    'Content-Security-Policy',
    policy.join('; '),
    'X-Frame-Options',
    'DENY',
    'Referrer-Policy',
    'same-origin',
    'X-Content-Type-Options',
    'nosniff',
    'Cross-Origin-Opener-Policy',
    'same-origin',
    'Cross-Origin-Resource-Policy',
    'same-origin',
    'Permissions-Policy',
    'camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()',
  ]
}

const httpSource = /^https?:\/\/[a-z0-9.-]+(?::\d{1,5})?$/
const schemeSource = /^(?!https?:|javascript:|data:|blob:|file:)[a-z][a-z0-9+.-]*:$/

/**
 * A redirect's origin as the policy's grammar has it (CSP 3 section 2.3.1). It has no IPv6 literals, so that for
 * `[::1]` nothing narrower than its scheme can be said. Whatever is neither origin nor private-use scheme is left out.
 */
function sourceOf(text: string): string[] {
  const source = text.toLowerCase()
  if (/^http:\/\/\[::1\](?::\d{1,5})?$/.test(source)) return ['http:']
  return httpSource.test(source) || schemeSource.test(source) ? [source] : []
}
