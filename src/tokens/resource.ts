import { isLoopbackHost } from '../config/address.ts'

/** What of an upstream its resources depend on. */
export interface ResourceOwner {
  readonly name: string
  /** Whether it is served at `/mcp` too, which is a resource of its own. */
  readonly isDefault: boolean
}

/** publicUrl as the issuer and the base of every resource: without a slash at the end (T16). */
export function baseOf(publicUrl: URL): string {
  return publicUrl.href.replace(/\/$/, '')
}

/** The resources of an upstream (RFC 8707), as their metadata names them; the one of its own path first. */
export function resourcesOf(publicUrl: URL, { name, isDefault }: ResourceOwner): readonly string[] {
  const base = baseOf(publicUrl)
  return isDefault ? [`${base}/mcp/${name}`, `${base}/mcp`] : [`${base}/mcp/${name}`]
}

/**
 * The resource a text means, in the one form we compare: lower-case scheme and host, no slash at the end, and on a
 * loopback publicUrl its own name for every loopback name. Null for what is no absolute URL, or has a fragment
 * (RFC 8707 section 2). Whether there is such a resource is another question.
 */
export function canonicalResource(publicUrl: URL, text: string): string | null {
  const url = URL.parse(text)
  if (url === null || text.includes('#') || url.username !== '' || url.password !== '') return null
  if (url.protocol === publicUrl.protocol && isLoopbackHost(publicUrl.hostname) && isLoopbackName(url))
    url.hostname = publicUrl.hostname
  return url.search === '' ? url.href.replace(/\/$/, '') : url.href
}

const loopbackNames: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

function isLoopbackName({ hostname }: URL): boolean {
  return loopbackNames.has(hostname)
}

/**
 * publicUrl under the loopback name a request asked for, where it is a loopback one itself: a client compares
 * `resource` with the URL it called (RFC 9728 section 3.3), and knows no other name. The port stays.
 */
export function mirrorLoopback(publicUrl: URL, host: string | undefined): URL {
  if (host === undefined || !isLoopbackHost(publicUrl.hostname)) return publicUrl
  const asked = URL.parse(`http://${host}`)
  if (asked === null || asked.hostname === publicUrl.hostname || !isLoopbackName(asked)) return publicUrl
  const mirrored = new URL(publicUrl)
  mirrored.hostname = asked.hostname
  return mirrored
}
