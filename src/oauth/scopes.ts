import type { Resource } from './resources.ts'

/** Scopes that are about the person and the session, and not about a resource. */
export const personScopes = ['openid', 'email', 'offline_access'] as const

/**
 * Part of every grant and of no token: the library refuses a request that asks for nothing, and an upstream may well
 * need no scope at all.
 */
const connectScope = 'sallyport:connect'

/** What no access token ever has. */
export const ofNoToken: readonly string[] = ['offline_access', connectScope]

/** What the library knows as scopes of its own. */
export const libraryScopes: readonly string[] = [...personScopes, connectScope]

/**
 * What a request gets: those it names which the resource or the person has, or the resource's default scopes when it
 * names none. Unknown ones are left out, and the answer says what was granted (RFC 6749 section 3.3).
 */
export function requestedScopes(asked: string | undefined, resource: Resource): readonly string[] {
  const words = (asked ?? '').split(' ').filter((word) => word !== '')
  const person = words.filter((word) => (personScopes as readonly string[]).includes(word))
  const own = words.filter((word) => resource.scopes.includes(word))
  // A request that only says who is asking (`openid offline_access`) names no scope of the resource.
  const isNamed = words.length > person.length
  return [...new Set([connectScope, ...person, ...(isNamed ? own : resource.scopes)])]
}

/** The scopes a person is shown: those that mean something to them. */
export function shownScopes(scopes: readonly string[]): readonly string[] {
  return scopes.filter((scope) => scope !== connectScope)
}
