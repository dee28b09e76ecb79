/**
 * Which redirect URIs a client may have, and which of a request match them. Our own rules, whatever `application_type`
 * says: https, http to this device, or an application's own scheme (OAuth 2.1 section 2.3, RFC 8252 section 7).
 */

/** `localhost` and the two addresses do not stand for each other: whoever listens on one need not hold the other. */
const loopbackRedirect = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(?::(\d{1,5}))?((?:[/?].*)?)$/

/** Reverse domain order tells whose a scheme is (RFC 8252 section 7.1). */
const reverseDomainScheme = /^[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+$/

/** Schemes without a dot that well-known MCP clients hold: each needs a host behind it, and none runs anything. */
const knownSchemes = new Set(['cursor', 'vscode', 'vscode-insiders', 'windsurf', 'warp'])

const longestRedirect = 2048

/** What is wrong with a redirect URI that a client wants to register, in words that follow it; null when nothing is. */
export function redirectUriProblem(uri: string): string | null {
  if (uri.length > longestRedirect) return `is longer than ${longestRedirect} characters`
  if (!/^[\x21-\x7e]+$/.test(uri) || /[\\<>"`{|}^]/.test(uri)) return 'has characters that no URI has'
  if (uri.includes('*')) return 'has a wildcard: name each redirect URI in full'
  if (uri.includes('#')) return 'has a fragment'
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(uri)?.[1]?.toLowerCase()
  const url = URL.parse(uri)
  if (scheme === undefined || url === null) return 'is no absolute URI'
  if (url.username !== '' || url.password !== '' || hasUserInfo(uri)) return 'has a user name or password'
  if (scheme === 'https') return /^https:\/\/[^/?]/i.test(uri) ? null : 'names no host'
  if (scheme === 'http') {
    return loopbackRedirect.test(uri) ? null : 'is http, which only 127.0.0.1, [::1] and localhost may be'
  }
  if (reverseDomainScheme.test(scheme)) return null
  if (!knownSchemes.has(scheme)) return `has the scheme ${scheme}, which is no domain in reverse order`
  return url.host === '' ? 'names no host' : null
}

function hasUserInfo(uri: string): boolean {
  return /^[^/?]*:\/\/[^/?]*@/.test(uri)
}

/** Whether any program on the device may wait at the redirect URI. */
export function isLoopbackRedirect(uri: string): boolean {
  return loopbackRedirect.test(uri)
}

/** Whether the scheme is an application's own, which no web client may have. */
export function isPrivateUseRedirect(uri: string): boolean {
  return !/^https?:/i.test(uri)
}

/**
 * Whether a request may be answered at `uri`: exactly what is registered, but for the port of a loopback redirect, which
 * a native client chooses when it starts (RFC 8252 section 7.3). Nothing is decoded or normalised first.
 */
export function redirectUriAllowed(registered: readonly string[], uri: string): boolean {
  if (redirectUriProblem(uri) !== null) return false
  if (registered.includes(uri)) return true
  const wanted = withoutPort(uri)
  return wanted !== null && registered.some((known) => withoutPort(known) === wanted)
}

function withoutPort(uri: string): string | null {
  const parts = loopbackRedirect.exec(uri)
  return parts === null ? null : `${parts[1]}${parts[3]}`
}
