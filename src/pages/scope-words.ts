const known: Readonly<Record<string, string>> = {
  '*': 'Everything you may do there',
  openid: 'Know which account here is yours',
  profile: 'See your name',
  email: 'See your e-mail address',
  offline_access: 'Stay connected until you revoke it',
}

const access: Readonly<Record<string, (area: string) => string>> = {
  read: (area) => `Read ${area}`,
  write: (area) => `Read and change ${area}`,
  admin: (area) => `Read, change and administer ${area}`,
}

/** A scope as a sentence for the person who is asked. What we have no words for is shown as it is. */
export function scopeWords(scope: string): string {
  if (Object.hasOwn(known, scope)) return known[scope] ?? scope
  const colon = scope.lastIndexOf(':')
  if (colon < 1) return `Everything in ${scope}`
  const [area, word] = [scope.slice(0, colon), scope.slice(colon + 1)]
  return Object.hasOwn(access, word) ? (access[word]?.(area) ?? scope) : `${word} in ${area}`
}
