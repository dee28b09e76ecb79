/** What each access word also allows: writing a thing implies reading it. */
const impliedBy: ReadonlyMap<string, readonly string[]> = new Map([
  ['read', ['write', 'admin']],
  ['write', ['admin']],
])

/**
 * Whether granted scopes cover one that is needed. Broader scopes imply narrower ones: `*` covers all, `code` covers
 * `code:read`, `code:write` covers `code:read`, `code:admin` covers both.
 */
export function covers(granted: readonly string[], needed: string): boolean {
  if (granted.includes(needed) || granted.includes('*')) return true
  const colon = needed.lastIndexOf(':')
  if (colon < 1) return false
  const area = needed.slice(0, colon)
  if (granted.includes(area)) return true
  return (impliedBy.get(needed.slice(colon + 1)) ?? []).some((access) =>
    granted.includes(`${area}:${access}`),
  )
}

/** The needed scopes that are not covered. */
export function missingScopes(granted: readonly string[], needed: readonly string[]): string[] {
  return needed.filter((scope) => !covers(granted, scope))
}
