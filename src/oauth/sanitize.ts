import { findResource } from './resources.ts'
import type { Resources } from './resources.ts'

/**
 * The parameters of a request as the library is to see them: each `resource` in the form our tokens name it (ours: a
 * trailing slash, letter case of scheme and host, and the names of this machine make no other one), and no way of
 * answering but by redirect: a form that sends itself would need a script. `nonce` is a word of OpenID Connect: without
 * `openid` it is one nobody knows, and passed over (RFC 6749 section 3.1).
 */
export function sanitize(params: URLSearchParams, publicUrl: URL, resources: Resources): URLSearchParams {
  const asked = params.getAll('resource')
  if (asked.length > 0) {
    const list = resources.list()
    const named = asked.map((text) => findResource(publicUrl, list, text)?.resource ?? text)
    params.delete('resource')
    for (const resource of new Set(named)) params.append('resource', resource)
  }
  if (!(params.get('scope') ?? '').split(' ').includes('openid')) params.delete('nonce')
  const mode = params.get('response_mode')
  if (mode !== null && mode !== 'query') params.set('response_mode', `no ${mode}`)
  return params
}
