/** Where somebody goes who signed in without saying where to. */
export const home = '/account'

const allowed =
  /^\/(?:account(?:\/(?:apps|password|keys(?:\/new)?))?|consent\/[\w~-]{1,128}|device(?:\/[\w~-]{1,128})?|console(?:\/[\w~-]{1,64}){0,4})$/
const query = /^[\w~.=&-]{0,512}$/

/**
 * A path of our own to go to after sign-in, below the site's base; anything else is `home` (T17). It is matched against
 * what we have, byte for byte and without decoding, so that no other reading of it can lead elsewhere: no `//host`, no
 * `/\host`, no percent sign, no dot segment, no control character.
 */
export function nextPath(text: string | null | undefined): string {
  const sign = text?.indexOf('?') ?? -1
  const path = (sign === -1 ? text : text?.slice(0, sign)) ?? ''
  const rest = sign === -1 ? '' : (text ?? '').slice(sign + 1)
  return allowed.test(path) && query.test(rest) ? (text ?? home) : home
}

/** Where a password is changed. */
export const passwordPath = '/account/password'

/** The way to a path for somebody who must choose a password first. */
export function passwordFirst(next: string): string {
  return `${passwordPath}?next=${encodeURIComponent(next)}`
}

/** The authorization request a path belongs to, or null. */
export function interactionOf(next: string): string | null {
  return /^\/consent\/([\w~-]{1,128})$/.exec(next)?.[1] ?? null
}
